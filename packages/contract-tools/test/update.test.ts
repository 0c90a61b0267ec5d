/** Each finding about one update, alone: a right update, of which one thing is wrong. */
import { Contract } from "@effect-sent/contract"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Webhook } from "standardwebhooks"
import { makeCheckUpdate, type RawUpdate } from "../src/internal/verify/update.ts"

const secret = `whsec_${Buffer.from("a secret of this test").toString("base64")}`

/** A right update, with a header that the contract requires, and how it is checked. */
const rightUpdate = Effect.gen(function* () {
  const contract = yield* Contract.load()
  const updates = contract.operations.find((operation) => operation.updates !== undefined)?.updates
  const example = updates?.examples[0]
  if (updates === undefined || example === undefined) throw new Error("The contract has no updates")
  const text = JSON.stringify(example.value)
  const now = new Date()
  const headers = {
    "content-type": "application/json",
    "x-number": "1",
    "x-webhook-id": "an id",
    "x-webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "x-webhook-signature": new Webhook(secret).sign("an id", now, text),
  }
  const right: RawUpdate = {
    method: "POST",
    headers,
    lines: Object.entries(headers),
    bytes: Buffer.from(text),
    at: 0,
  }
  const check = makeCheckUpdate(
    { ...updates, headers: [{ name: "x-number", required: true, schema: { type: "integer" } }] },
    ["application/json"],
    secret,
  )
  return { right, check, example }
})

const withHeaders = (update: RawUpdate, changed: Readonly<Record<string, string>>): RawUpdate => {
  const headers = { ...update.headers, ...changed }
  return { ...update, headers, lines: Object.entries(headers) }
}

const withoutHeader = (update: RawUpdate, name: string): RawUpdate => {
  const headers = Object.fromEntries(Object.entries(update.headers).filter(([own]) => own !== name))
  return { ...update, headers, lines: Object.entries(headers) }
}

/** A body that is signed, so that nothing but the body is wrong. */
const withBody = (update: RawUpdate, bytes: Buffer): RawUpdate => ({
  ...withHeaders(update, {
    "x-webhook-signature": new Webhook(secret).sign("an id", new Date(), bytes.toString("latin1")),
  }),
  bytes,
})

const wrong: ReadonlyArray<
  readonly [what: string, change: (right: RawUpdate) => RawUpdate, found: ReadonlyArray<string>]
> = [
  ["nothing", (right) => right, []],
  [
    "the method",
    (right) => ({ ...right, method: "PUT" }),
    ["update-method: the method is PUT, not POST"],
  ],
  [
    "a content type that is missing",
    (right) => withoutHeader(right, "content-type"),
    ["update-media-type: the content type is missing; the contract declares application/json"],
  ],
  [
    "a required header that is missing",
    (right) => withoutHeader(right, "x-number"),
    ["update-header: the header x-number is missing"],
  ],
  [
    "a header against its schema",
    (right) => withHeaders(right, { "x-number": "one" }),
    ["update-header: the header x-number does not match its schema"],
  ],
  [
    "a header that is sent twice",
    (right) => ({ ...right, lines: [...right.lines, ["x-number", "1"]] }),
    ["update-header: the header x-number was sent more than once"],
  ],
  [
    "a signature",
    (right) => withHeaders(right, { "x-webhook-id": "another id" }),
    ["update-signature: no signature matches the webhook secret"],
  ],
  [
    "the charset",
    (right) => withHeaders(right, { "content-type": "application/json; charset=latin1" }),
    ["update-charset: JSON is UTF-8, and the charset is latin1"],
  ],
]

describe("an update", () => {
  it.effect.each(wrong)("with one thing wrong: %s", ([, change, found]) =>
    Effect.map(rightUpdate, ({ check, example, right }) => {
      const { example: corresponding, findings } = check(change(right))
      assert.deepStrictEqual(
        findings.map(({ message, rule }) => `${rule}: ${message}`),
        found,
      )
      assert.strictEqual(corresponding, example.name)
    }),
  )

  it.effect("that is not UTF-8 has no body to check, and no valid signature", () =>
    Effect.map(rightUpdate, ({ check, right }) => {
      const bytes = Buffer.concat([right.bytes.subarray(0, -2), Buffer.of(0xff), Buffer.from('"}')])
      const { body, example, findings } = check(withBody(right, bytes))
      assert.deepStrictEqual(
        findings.map(({ rule }) => rule),
        ["update-encoding", "update-schema", "update-signature"],
      )
      assert.isUndefined(body)
      assert.isUndefined(example)
    }),
  )

  it.effect("against the schema corresponds to no example", () =>
    Effect.map(rightUpdate, ({ check, right }) => {
      const { example, findings } = check(withBody(right, Buffer.from("{}")))
      assert.deepStrictEqual(
        findings.map(({ rule }) => rule),
        ["update-schema"],
      )
      assert.isUndefined(example)
    }),
  )
})
