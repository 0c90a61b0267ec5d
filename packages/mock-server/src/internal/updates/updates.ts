/** Makes the updates of a message from the contract's examples, and checks them against the contract's schema. */
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Predicate from "effect/Predicate"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import { dueAfter } from "@effect-sent/contract/Scenario"
import { isJsonObject, type JsonObject } from "../operations/values.ts"

export interface Pace {
  /** The duration of a scenario's second, in milliseconds. */
  readonly second: number
}

/** The content and times of an update. All messages of a scenario share it, to save memory. */
export interface UpdatePlan {
  readonly id: string
  readonly status: string
  readonly channel: string | undefined
  /** When the event happens, in milliseconds after the message was received. */
  readonly happensAfter: number
  /** When the update is due at the receiver, in milliseconds after the message was received. */
  readonly dueAfter: number
  /** The contract's example that the body is made from. */
  readonly example: unknown
}

/** Plans the updates of a scenario. */
export const planUpdates = (
  { channel, updates }: Scenario,
  operation: Operation,
  { second }: Pace,
): ReadonlyArray<UpdatePlan> =>
  updates.flatMap((update, index) => {
    const example = operation.updates?.examples.find(({ name }) => name === update.example)
    if (example === undefined) return []
    const payload = payloadOf(example.value)
    const status = payload["message_status"]
    const usual = payload["channel"]
    return [
      {
        id: String(index + 1),
        status: (Predicate.isString(status) ? status : example.name).toUpperCase(),
        channel: channel ?? (Predicate.isString(usual) ? usual : undefined),
        happensAfter: update.after * second,
        dueAfter: dueAfter(update) * second,
        example: example.value,
      },
    ]
  })

const payloadOf = (body: unknown): JsonObject =>
  isJsonObject(body) && isJsonObject(body["payload"]) ? body["payload"] : {}

/** The message that an update is about. */
export interface Updated {
  readonly id: string
  readonly phoneNumber: string | undefined
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly senderId: string
  readonly templateId: string | undefined
  /** The channel that the request asks for. */
  readonly channel?: string | undefined
  /** Present for an operation whose messages need no template. */
  readonly asked?: { readonly text: string | undefined }
}

/**
 * The body of an update: the example, with the values of this message in place of the example's own. It is made on demand rather
 * than stored, to save memory.
 */
export const bodyOf = (
  message: Updated,
  { channel, example, happensAfter }: UpdatePlan,
): unknown => {
  if (!isJsonObject(example)) return example
  const own: JsonObject = {
    account_id: message.senderId,
    message_id: message.id,
    inbound_number: message.phoneNumber,
    template_id: message.asked?.text === undefined ? message.templateId : null,
    channel: message.channel ?? channel,
  }
  const payload = Object.fromEntries(
    Object.entries(payloadOf(example)).map(([name, value]) => [
      name,
      own[name] === undefined ? value : own[name],
    ]),
  )
  return {
    ...example,
    ...("timestamp" in example
      ? { timestamp: new Date(message.receivedAt + happensAfter).toISOString() }
      : {}),
    ...("payload" in example ? { payload } : {}),
  }
}

/** Checks an update against the contract's schema. Returns the problem, and undefined when the update is valid. */
export type CheckUpdate = (body: unknown) => string | undefined

/** Compiles the schema when the first update is checked, because many servers stop before they send one. */
export const makeCheckUpdate = (operation: Operation): CheckUpdate => {
  let check: CheckUpdate | undefined
  return (body) => (check ??= compile(operation.updates?.schema))(body)
}

const compile = (schema: unknown): CheckUpdate => {
  if (!Predicate.isObject(schema)) return () => undefined
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (body) => (validate(body) ? undefined : ajv.errorsText(validate.errors))
}
