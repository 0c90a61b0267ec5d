/**
 * Core and the contract read one request alike: what core refuses, the contract refuses, and what core sends, the
 * contract accepts. The contract speaks through the mock, which shares no code with core.
 */
import { SentClient, SendToPhone } from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { clients } from "./support/clients.ts"
import { clientLayer } from "./support/program.ts"
import { credentials, sample } from "./support/sample.ts"

// -----------------------------------------------------------------------------
// Inputs
// -----------------------------------------------------------------------------

const valid = Arbitrary.schema(SendToPhone.SendToPhoneRequest)

const anything = Arbitrary.schema(
  Schema.Union([
    Schema.String,
    Schema.Finite,
    Schema.Boolean,
    Schema.Null,
    Schema.Array(Schema.String),
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Null])),
  ]),
)

// What stands next to the valid, or looks like it: where two readings part, they part here.
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
  { name: "" },
  { "": "empty name" },
  { name: 1 },
  { name: null },
  { "a/b~c": "pointer" },
  // Written so that it is an own property, as JSON makes it.
  JSON.parse('{"__proto__":"x","constructor":"y"}'),
]

const fields = ["phoneNumber", "templateId", "messageBody", "webhookUrl", "channel", "__proto__"]

/** Makes an own property even of `__proto__`, as JSON does. */
const fromEntries = (entries: ReadonlyArray<readonly [string, unknown]>): object =>
  Object.fromEntries(entries)

/** A number from 0 up to, but not with, the bound. */
const below = (bound: number) =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: bound - 1 }))),
    Math.abs,
  )

/** A valid request in which one field, a known or an unknown one, has become something else, or nothing. */
const mutated = Arbitrary.all({
  request: valid,
  field: below(fields.length),
  kind: below(3),
  lookalike: below(lookalikes.length),
  other: anything,
}).pipe(
  Arbitrary.map(({ field, kind, lookalike, other, request }) => {
    const name = fields[field] ?? ""
    const rest = Object.entries(request).filter(([key]) => key !== name)
    const value = kind === 0 ? other : lookalikes[lookalike]
    return fromEntries(kind === 2 ? rest : [...rest, [name, value]])
  }),
)

// -----------------------------------------------------------------------------
// Verdicts
// -----------------------------------------------------------------------------

/** What the contract says of a body, whatever core thinks of it. */
const contractAccepts = Effect.fn(function* (body: unknown) {
  const { baseUrl } = yield* MockServer.MockServer
  const http = yield* HttpClient.HttpClient
  const response = yield* HttpClientRequest.post(`${baseUrl}/v1/messages/phone`).pipe(
    HttpClientRequest.setHeaders({
      "x-sender-id": credentials.senderId,
      "x-api-key": credentials.apiKey,
    }),
    HttpClientRequest.bodyText(JSON.stringify(body), "application/json"),
    http.execute,
  )
  assert.include([204, 400], response.status)
  return response.status === 204
})

/** What core says of it, and then the mock. */
const coreAccepts = Effect.fn(function* (body: unknown) {
  return yield* SentClient.sendToPhone(
    // Anything may be in it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    body as SendToPhone.SendToPhoneInput,
  ).pipe(
    Effect.as(true),
    // Had core sent what the mock refuses, the reason would be another one.
    Effect.catchReason("SentError", "InvalidRequest", () => Effect.succeed(false)),
  )
})

const agree = Effect.fn(function* (body: unknown) {
  const [core, contract] = [yield* coreAccepts(body), yield* contractAccepts(body)]
  assert.strictEqual(core, contract, `core, then the contract, of ${JSON.stringify(body)}`)
  return core
})

/** The mock, and core as its client. */
const againstMock = (http: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.unwrap(
    MockServer.MockServer.useSync(({ baseUrl }) =>
      Layer.merge(http, clientLayer(http, { baseUrl })),
    ),
  ).pipe(Layer.provideMerge(MockServer.layer()))

// -----------------------------------------------------------------------------
// Properties
// -----------------------------------------------------------------------------

const runs = { arbitrary: { runs: 400 }, timeout: 60_000 }

for (const [name, http] of clients) {
  layer(againstMock(http))(`core and the contract, over ${name}`, (it) => {
    it.effect("agree on the page's sample", () =>
      Effect.map(agree(sample), (accepted) => {
        assert.isTrue(accepted)
      }),
    )

    it.effect.each(
      fields.flatMap((field) => lookalikes.map((value) => [field, JSON.stringify(value)] as const)),
    )("agree on %s: %s", ([field, value]) =>
      agree(fromEntries([...Object.entries(sample), [field, JSON.parse(value)]])),
    )

    it.effect.prop(
      "agree that what the schema generates is valid",
      { request: valid },
      ({ request }) =>
        Effect.map(agree(request), (accepted) => {
          assert.isTrue(accepted)
        }),
      runs,
    )

    it.effect.prop(
      "agree on requests with one thing changed",
      { body: mutated },
      ({ body }) => agree(body).pipe(Effect.asVoid),
      runs,
    )

    it.effect.prop(
      "agree on anything at all",
      { body: anything },
      ({ body }) =>
        Effect.map(agree(body), (accepted) => {
          assert.isFalse(accepted)
        }),
      runs,
    )
  })
}
