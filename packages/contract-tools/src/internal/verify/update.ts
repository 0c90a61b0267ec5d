/** Checks one update against the contract, and the updates of a message against each other. */
import type { Updates } from "@effect-sent/contract/Contract"
import * as Recipients from "@effect-sent/contract/Recipients"
import type { Scenario, ScenarioUpdate } from "@effect-sent/contract/Scenario"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Predicate from "effect/Predicate"
import { isDeepStrictEqual } from "node:util"
import { Webhook } from "standardwebhooks"
import type { Finding } from "../../ContractReport.ts"
import { charsetProblems } from "./framing.ts"

/** The request of an update, as it came. */
export interface RawUpdate {
  readonly method: string
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Every header line, in order. Names are in lower case. */
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>
  readonly bytes: Buffer
  /** When its head had come, by `performance.now()`. */
  readonly at: number
}

export interface ReceivedUpdate {
  readonly raw: RawUpdate
  readonly body: unknown
  /** The contract's example that it corresponds to, if there is one. */
  readonly example: string | undefined
  readonly findings: ReadonlyArray<Finding>
}

export const updateFinding = (rule: string, message: string): Finding => ({
  rule,
  severity: "error",
  message,
  cause: rule,
  where: "update",
})

export type CheckUpdate = (raw: RawUpdate) => ReceivedUpdate

/** With a secret, signatures are verified. */
export const makeCheckUpdate = (
  { examples, headers: declared, schema }: Updates,
  mediaTypes: ReadonlyArray<string>,
  secret: string | undefined,
): CheckUpdate => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false })
  addFormats.default(ajv)
  const validate = Predicate.isObject(schema) ? ajv.compile(schema) : undefined
  // A header is a string, whatever type its schema has.
  const headerAjv = new Ajv2020({ strict: false, coerceTypes: true })
  addFormats.default(headerAjv)
  const headerChecks = declared.map(({ name, required, schema: own }) => ({
    name,
    required,
    isValid: Predicate.isObject(own) ? headerAjv.compile(own) : () => true,
  }))
  const webhook = secret === undefined ? undefined : new Webhook(secret)

  return (raw) => {
    const { bytes, headers, lines, method } = raw
    const text = decode(bytes)
    const body = text === undefined ? undefined : parse(text)
    const problems =
      validate?.(body) === false ? ajv.errorsText(validate.errors, { dataVar: "body" }) : undefined
    const type = headers["content-type"]
    const bare = (type ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? ""
    const single = ["content-type", ...declared.map(({ name }) => name)]
    const findings = [
      ...(method === "POST"
        ? []
        : [updateFinding("update-method", `the method is ${method}, not POST`)]),
      ...(mediaTypes.length === 0 || mediaTypes.includes(bare)
        ? []
        : [
            updateFinding(
              "update-media-type",
              `the content type is ${type === undefined ? "missing" : bare}; the contract declares ${mediaTypes.join(" or ")}`,
            ),
          ]),
      ...charsetProblems(type, bytes).map(({ message, rule }) =>
        updateFinding(`update-${rule}`, message),
      ),
      ...(text === undefined ? [updateFinding("update-encoding", "the body is not UTF-8")] : []),
      ...(problems === undefined ? [] : [updateFinding("update-schema", problems)]),
      ...single
        .filter((name) => lines.filter(([one]) => one === name).length > 1)
        .map((name) =>
          updateFinding("update-header", `the header ${name} was sent more than once`),
        ),
      ...headerChecks.flatMap(({ isValid, name, required }) => {
        const value = headers[name]
        if (value === undefined) {
          return required ? [updateFinding("update-header", `the header ${name} is missing`)] : []
        }
        return isValid(value)
          ? []
          : [updateFinding("update-header", `the header ${name} does not match its schema`)]
      }),
      ...(webhook === undefined || isSigned(webhook, headers, text ?? "")
        ? []
        : [updateFinding("update-signature", "no signature matches the webhook secret")]),
    ]
    const example =
      problems === undefined
        ? examples.find(({ value }) => corresponds(value, body))?.name
        : undefined
    return { raw, body, example, findings }
  }
}

const decode = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isSigned = (webhook: Webhook, headers: RawUpdate["headers"], text: string): boolean => {
  const named = Object.fromEntries(
    ["id", "timestamp", "signature"].map((name) => [
      `webhook-${name}`,
      headers[`x-webhook-${name}`] ?? "",
    ]),
  )
  try {
    webhook.verify(text, named)
    return true
  } catch {
    return false
  }
}

/** Compares the members that tell examples apart. All others belong to the message itself. */
const corresponds = (example: unknown, body: unknown): boolean =>
  ["field", "sub_type", "event"].every((name) => member(example, name) === member(body, name)) &&
  inPayload(example, "message_status") === inPayload(body, "message_status")

const member = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) ? value[name] : undefined

const inPayload = (body: unknown, name: string): unknown => member(member(body, "payload"), name)

// -----------------------------------------------------------------------------
// The updates of one message
// -----------------------------------------------------------------------------

/** What the members of an update are, as the contract says in prose: those of the request. */
const copied: Readonly<Record<string, readonly [what: string, read: (body: unknown) => unknown]>> =
  {
    inbound_number: ["phone number", (body) => Recipients.of(body)[0]],
    template_id: [
      "template id",
      (body) => member(body, "templateId") ?? member(member(body, "template"), "id"),
    ],
  }

const wrong = (name: string, what: string): Finding =>
  updateFinding("update-content", `payload.${name} is not ${what}`)

/** `updates` are those that came, in order; `planned` those of the scenario, which have the same examples. */
export const consistency = (
  updates: ReadonlyArray<ReceivedUpdate>,
  request: unknown,
  scenario: Scenario | undefined,
): ReadonlyArray<Finding> => {
  const ids = new Set(updates.map(({ body }) => inPayload(body, "message_id")))
  return [
    ...Object.entries(copied)
      .filter(([name, [, read]]) => {
        const wanted = read(request)
        return (
          wanted !== undefined &&
          updates.some(({ body }) => lower(inPayload(body, name)) !== lower(wanted))
        )
      })
      .map(([name, [what]]) => wrong(name, `the ${what} of the request`)),
    ...(ids.size > 1 ? [wrong("message_id", "the same in every update about one message")] : []),
    ...(scenario?.channel !== undefined &&
    updates.some(({ body }) => inPayload(body, "channel") !== scenario.channel)
      ? [wrong("channel", `the channel of the scenario, ${scenario.channel}`)]
      : []),
    ...(scenario === undefined ? [] : inTime(updates, scenario.updates)),
  ]
}

const lower = (value: unknown): unknown => (Predicate.isString(value) ? value.toLowerCase() : value)

/** An event that happens later has no earlier timestamp, and an update that is repeated is the same update. */
const inTime = (
  updates: ReadonlyArray<ReceivedUpdate>,
  planned: ReadonlyArray<ScenarioUpdate>,
): ReadonlyArray<Finding> => {
  const timed = planned.flatMap(({ after, example }, index) => {
    const update = updates[index]
    return update === undefined
      ? []
      : [{ after, example, body: update.body, time: timeOf(update.body) }]
  })
  const pairs = timed.flatMap((one, index) =>
    timed.slice(index + 1).map((other) => ({ one, other })),
  )
  return [
    ...(pairs.some(
      ({ one, other }) =>
        one.after !== other.after &&
        one.after < other.after !== one.time <= other.time &&
        one.time !== other.time,
    )
      ? [
          updateFinding(
            "update-content",
            "the timestamps are not in the order in which the events happened",
          ),
        ]
      : []),
    ...(pairs.some(
      ({ one, other }) =>
        one.example === other.example &&
        one.after === other.after &&
        !isDeepStrictEqual(one.body, other.body),
    )
      ? [updateFinding("update-content", "a repeated update differs from the first one")]
      : []),
  ]
}

const timeOf = (body: unknown): number => Date.parse(String(member(body, "timestamp")))

/** Whom an update is about. */
export const numberIn = ({ body }: ReceivedUpdate): unknown => inPayload(body, "inbound_number")

/** Which message an update is about. */
export const messageIn = ({ body }: ReceivedUpdate): unknown => inPayload(body, "message_id")
