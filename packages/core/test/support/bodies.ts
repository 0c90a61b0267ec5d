/** Bodies to hold two readings of one contract against each other: valid ones, and ones with one thing changed. */
import { DeliveryStatus, SendToPhone } from "@effect-sent/core"
import { Arbitrary, JsonSchema, Predicate, Schema, SchemaRepresentation } from "effect"
import { sendToPhone } from "./contract.ts"
import { sample } from "@effect-sent/faults/sample"
import { makeRandom } from "@effect-sent/faults/random"

type Body = Readonly<Record<string, unknown>>

/** Has an own property even for `__proto__`, as JSON does. */
const fromEntries = (entries: ReadonlyArray<readonly [string, unknown]>): Body =>
  Object.fromEntries(entries)

/** The body with another value in a field, the last in order; undefined: without the field. */
export const withField = (body: object, field: string, value: unknown): Body => {
  const others = Object.entries(body).filter(([name]) => name !== field)
  return fromEntries(value === undefined ? others : [...others, [field, value]])
}

// -----------------------------------------------------------------------------
// Chance
// -----------------------------------------------------------------------------

/** Draws a number from 0 up to, but not with, a bound. */
type Dice = (bound: number) => number

/** All that it draws follows from the seed. */
const makeDice = (seed: number): Dice => {
  const random = makeRandom(seed)
  return (bound) => Math.floor(random() * bound)
}

const seeds = Arbitrary.schema(
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 - 1 })),
)

const oneOf = <A>(values: ReadonlyArray<A>, dice: Dice): A | undefined =>
  values[dice(values.length)]

/** Any of these, each as often as the others. */
export const either = <A>(
  arbitraries: ReadonlyArray<Arbitrary.Arbitrary<A>>,
): Arbitrary.Arbitrary<A> =>
  Arbitrary.flatMap(
    Arbitrary.schema(Schema.Literals(arbitraries.map((_, index) => index))),
    (index) => arbitraries[index] ?? Arbitrary.schema(Schema.Never),
  )

// -----------------------------------------------------------------------------
// Valid by one reading
// -----------------------------------------------------------------------------

const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)`

/** What Effect makes of a schema of the contract: it knows no formats, so this one is said as a pattern. */
const imported = (schema: unknown): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.schema(
    SchemaRepresentation.fromJsonSchemaDocument(
      JsonSchema.fromSchemaOpenApi3_1(Predicate.isObject(schema) ? { ...schema } : {}),
      {
        patterns: "apply",
        onEnter: (inner) =>
          inner["format"] === "date-time"
            ? {
                ...inner,
                pattern: String.raw`^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?:T${time}|T23:59:60Z)$`,
              }
            : inner,
      },
    ),
  )

const objects = (arbitrary: Arbitrary.Arbitrary<unknown>): Arbitrary.Arbitrary<object> =>
  Arbitrary.filter(arbitrary, Predicate.isObject)

/**
 * Without lone surrogates, which JSON can contain as escapes: core refuses to send one, and no schema can say so.
 */
const wellFormed = <A>(arbitrary: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.filter(arbitrary, (value) => !/\\ud[89a-f]/.test(JSON.stringify(value) ?? ""))

export const requestsOfCore: Arbitrary.Arbitrary<object> = wellFormed(
  Arbitrary.schema(SendToPhone.SendToPhoneRequest),
)

export const requestsOfContract: Arbitrary.Arbitrary<object> = wellFormed(
  objects(imported(sendToPhone.requestBody?.schema)),
)

export const updatesOfCore: Arbitrary.Arbitrary<object> = Arbitrary.schema(
  DeliveryStatus.MessageStatusBody,
)

export const updatesOfContract: Arbitrary.Arbitrary<object> = objects(
  imported(sendToPhone.updates?.schema),
)

// -----------------------------------------------------------------------------
// Next to the valid
// -----------------------------------------------------------------------------

const anything: Arbitrary.Arbitrary<unknown> = Arbitrary.schema(
  Schema.Union([
    Schema.String,
    Schema.Finite,
    Schema.Boolean,
    Schema.Null,
    Schema.Array(Schema.String),
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Null])),
  ]),
)

/** What looks like the valid: where two readings part, they part here. */
const lookalikes: ReadonlyArray<unknown> = [
  "",
  " ",
  "+1234567890\n",
  "+123456",
  "+1234567",
  "+123456789012345",
  "+1234567890123456",
  "+0123456789",
  "+१२३४५६७८९०",
  "１２３４５６７８９０",
  "00000000-0000-0000-0000-000000000000",
  "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
  "{7ba7b820-9dad-11d1-80b4-00c04fd430c8}",
  "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  "7ba7b820-9dad-11d1-80b4-00c04fd430c8\n",
  "http://localhost",
  "http://localhost:99999/",
  "HTTPS://EXAMPLE.COM/",
  "https://example.com",
  "https://example.com?",
  "https://example.com/#",
  "https://user@example.com/",
  "https://example.com/%2",
  "https://example.com/%2F?q=%zz",
  "https://example.com/a|b",
  "https://example.com/[x]",
  "https://[::1]:8080/",
  "https://[2001:db8::1]/",
  "https://example.com./",
  "https://-example.com/",
  "https://ex_ample.com/",
  "https://1.2.3.999/",
  "https:///path",
  "https://exämple.com/",
  "javascript:1",
  "//example.com/",
  `https://example.com/${"a".repeat(2028)}`,
  `https://example.com/${"a".repeat(2029)}`,
  null,
  [],
  {},
  { name: "" },
  { "": "empty name" },
  { name: 1 },
  { name: null },
  { "a/b~c": "pointer" },
  // Written so that it is an own property, as JSON makes it.
  JSON.parse('{"__proto__":"x","constructor":"y"}'),
]

const requestFields: ReadonlyArray<string> = [
  ...Object.keys(SendToPhone.SendToPhoneRequest.fields),
  "channel",
  "__proto__",
]

// Half of a pair of surrogates is among them.
const characters = Array.from("+-./:?#@%&=~_[]{} 0９aGgzZſéß\n\t\u0000\u2028\uFEFF🎉\uD800")

/** The text with a character gone, added or replaced. */
const edited = (text: string, dice: Dice): string => {
  const place = dice(text.length + 1)
  const added = dice(2) === 0 ? ["", "0", "A"] : characters
  return text.slice(0, place) + oneOf(added, dice) + text.slice(place + dice(2))
}

interface Change {
  readonly dice: Dice
  /** What may be changed; not all of it need be there. */
  readonly fields: ReadonlyArray<string>
  /** What a field may become. */
  readonly values: ReadonlyArray<unknown>
  readonly anything: unknown
}

/** The body with one field changed: gone, edited if it is a text, or something else. */
const changed = (body: object, { anything: other, dice, fields, values }: Change): Body => {
  const field = oneOf(fields, dice) ?? ""
  const value: unknown = Object.hasOwn(body, field) ? Object(body)[field] : undefined
  const chance = dice(8)
  if (chance === 0) return withField(body, field, undefined)
  if (chance === 1) return withField(body, field, other)
  const isEdited = Predicate.isString(value) && chance < 5
  return withField(body, field, isEdited ? edited(value, dice) : oneOf(values, dice))
}

const memberOf = (body: object, name: string): object | undefined => {
  const member: unknown = Object(body)[name]
  return Predicate.isObject(member) && !Array.isArray(member) ? member : undefined
}

/** A request with one thing changed; now and then the whole of it. */
export const changedRequests: Arbitrary.Arbitrary<unknown> = wellFormed(
  Arbitrary.map(
    Arbitrary.all({ body: either([requestsOfCore, requestsOfContract]), anything, seed: seeds }),
    ({ anything: other, body, seed }) => {
      const dice = makeDice(seed)
      const change = { dice, values: lookalikes, anything: other }
      const variables = memberOf(body, "messageBody")
      switch (dice(8)) {
        case 0:
          return other
        case 1:
          if (variables === undefined) return other
          return withField(
            body,
            "messageBody",
            changed(variables, { ...change, fields: [...Object.keys(variables), "name"] }),
          )
        default:
          return changed(body, { ...change, fields: requestFields })
      }
    },
  ),
)

/** What looks like a part of an update. */
const updateLookalikes: ReadonlyArray<unknown> = [
  "message",
  "messages",
  "Message",
  "template",
  "message.delivered",
  "message.received",
  "message.",
  "QUEUED",
  "delivered",
  "Delivered",
  "ſent",
  "RETURNED",
  "email",
  "",
  "7BA7B820-9DAD-11D1-80B4-00C04FD430C8",
  "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  "2025-10-31T10:10:42Z",
  "2025-10-31t10:10:42.120z",
  "2025-10-31 10:10:42+02:00",
  "2024-02-29T10:10:42Z",
  "2025-02-29T10:10:42Z",
  "2025-04-31T10:10:42Z",
  "2025-10-31T24:00:00Z",
  "2025-10-31T23:59:60Z",
  "2025-10-31T10:10:60Z",
  "2025-10-31T10:60:42Z",
  "2016-12-31T18:59:60.5-05:00",
  "2025-10-31T10:10:42",
  "2025-10-31",
  "2025-10-31T10:10:42-24:00",
  "yesterday",
  1_761_905_442,
  null,
  [],
  {},
]

const updateFields = Object.keys(DeliveryStatus.MessageStatusBody.fields)
const payloadFields = Object.keys(DeliveryStatus.MessageStatusBody.fields.payload.fields)

/** An update with one thing changed, in it or in its payload; now and then the whole of it. */
export const changedUpdates: Arbitrary.Arbitrary<unknown> = Arbitrary.map(
  Arbitrary.all({ body: updatesOfContract, anything, seed: seeds }),
  ({ anything: other, body, seed }) => {
    const dice = makeDice(seed)
    const change = { dice, values: updateLookalikes, anything: other }
    const payload = memberOf(body, "payload")
    switch (dice(8)) {
      case 0:
        return other
      case 1:
      case 2:
      case 3:
        if (payload === undefined) return other
        return withField(
          body,
          "payload",
          changed(payload, { ...change, fields: [...payloadFields, "region"] }),
        )
      default:
        return changed(body, { ...change, fields: [...updateFields, "region"] })
    }
  },
)

/** The page's sample with each lookalike in each field. */
export const samplesWithLookalikes: ReadonlyArray<Body> = requestFields.flatMap((field) =>
  lookalikes.map((value) => withField(sample, field, value)),
)
