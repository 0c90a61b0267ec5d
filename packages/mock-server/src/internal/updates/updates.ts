/** Makes the updates of a message from the contract's examples, and holds them to the contract's schema. */
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Predicate from "effect/Predicate"
import type { Operation } from "@effect-sent/contract/Contract"
import type { Scenario } from "@effect-sent/contract/Scenario"
import { dueAfter } from "@effect-sent/contract/Scenario"

export interface Pace {
  /** What one second of a scenario takes, in milliseconds. */
  readonly second: number
}

/** What an update says and when; the same for every message of a scenario, of which there may be ten thousand. */
export interface UpdatePlan {
  readonly id: string
  readonly status: string
  readonly channel: string | undefined
  /** When it happens, in milliseconds after the message was received. */
  readonly happensAfter: number
  /** When it is due at the receiver, likewise. */
  readonly dueAfter: number
  /** The contract's example that it is made of. */
  readonly example: unknown
}

/** The updates that a scenario has. */
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

type JsonObject = Readonly<Record<string, unknown>>

const isJsonObject = (value: unknown): value is JsonObject =>
  Predicate.isObject(value) && !Array.isArray(value)

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
}

/**
 * The body of an update: its example, with what it says of its own message replaced by what there is to say of this one.
 * Made when it is needed, since ten thousand messages have many.
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
    template_id: message.templateId,
    channel,
  }
  const payload = Object.fromEntries(
    Object.entries(payloadOf(example)).map(([name, value]) => [name, own[name] ?? value]),
  )
  return {
    ...example,
    ...("timestamp" in example
      ? { timestamp: new Date(message.receivedAt + happensAfter).toISOString() }
      : {}),
    ...("payload" in example ? { payload } : {}),
  }
}

/** What is wrong with an update by the contract's schema; undefined when nothing is. */
export type CheckUpdate = (body: unknown) => string | undefined

/** Compiles the schema when the first update is checked: most servers start to be stopped soon. */
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
