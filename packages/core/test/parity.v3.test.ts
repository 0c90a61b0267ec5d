/**
 * Core and the contract of v3 say the same: of its examples, of many generated bodies, and over the wire, with the mock, which
 * answers from it.
 */
import { Contract, ContractValidator } from "@effect-sent/contract"
import {
  RetryPolicy,
  SentClient,
  SentCredentials,
  SentError,
  SentMessages,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it, layer } from "@effect/vitest"
import { credentials } from "@effect-sent/faults/sample"
import { Arbitrary, Effect, Layer, Result, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { withField } from "./support/bodies.ts"

const contract = await Effect.runPromise(Contract.load(Contract.bundledV3Path))
const validator = await Effect.runPromise(ContractValidator.make(contract))

const operationAt = (method: string, path: string): Contract.Operation => {
  const found = contract.operations.find((one) => one.method === method && one.path === path)
  if (found === undefined) throw new Error(`no ${method} ${path}`)
  return found
}

const post = operationAt("POST", "/v3/messages")
const get = operationAt("GET", "/v3/messages/{id}")

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const encoder = new TextEncoder()

const contractAccepts = (body: unknown): Effect.Effect<boolean, string> =>
  Effect.gen(function* () {
    const wire = {
      method: "POST",
      target: post.path,
      headers: { "x-api-key": credentials.apiKey, "content-type": "application/json" },
      body: encoder.encode(JSON.stringify(body)),
    }
    const operation = validator.find(wire.method, wire.target)
    if (operation === undefined) return yield* Effect.fail("nothing is there")
    return (yield* validator.request(operation, wire)).length === 0
  })

const coreAccepts = (body: unknown): Effect.Effect<boolean> =>
  Effect.map(Effect.result(SentMessages.readInput(body)), Result.isSuccess)

const to = "+1234567890"
const id = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"
const byId = { to: [to], template: { id, parameters: { name: "John Doe" } } }

/** A lone surrogate is refused by core, and no schema can say so. */
const isWellFormed = (body: unknown): boolean => !/\\ud[89a-f]/.test(JSON.stringify(body) ?? "")

describe("a request", () => {
  it.effect.each(
    (post.requestBody?.examples ?? []).map(({ name, value }) => [name, value] as const),
  )("of the contract is accepted: %s", ([, value]) =>
    Effect.gen(function* () {
      assert.isTrue(yield* coreAccepts(value))
    }),
  )

  it.effect("that core accepts, the contract accepts: 2,000 generated ones", () =>
    Effect.gen(function* () {
      const bodies = Arbitrary.filter(Arbitrary.schema(SentMessages.MessagesRequest), isWellFormed)
      const result = yield* Arbitrary.checkEffect(
        bodies,
        (body) =>
          Effect.all([coreAccepts(body), contractAccepts(body)]).pipe(
            Effect.flatMap(([core, contract_]) =>
              core && contract_
                ? Effect.succeed(true)
                : Effect.fail(`accepted by core: ${core}, by the contract: ${contract_}`),
            ),
          ),
        { runs: 2000, seed: "v3", size: 4 },
      )
      assert.isUndefined(Arbitrary.formatCheckFailure(result))
    }),
  )

  it.effect.each<readonly [body: unknown]>([
    [byId],
    [withField(byId, "to", [])],
    [withField(byId, "to", to)],
    [withField(byId, "to", ["+123"])],
    [withField(byId, "to", [`${to}\n`])],
    [withField(byId, "to", undefined)],
    [withField(byId, "text", "Hello")],
    [withField(byId, "text", "")],
    [withField(byId, "template", undefined)],
    [withField(byId, "template", {})],
    [withField(byId, "template", { id: "1" })],
    [withField(byId, "template", { name: "" })],
    [withField(byId, "template", { name: "a", id })],
    [withField(byId, "template", { name: "a", parameters: { b: 1 } })],
    [withField(byId, "template", { name: "a", other: "b" })],
    [withField(byId, "channel", ["fax"])],
    [withField(byId, "channel", "sms")],
    [withField(byId, "channel", [])],
    [withField(byId, "sandbox", "true")],
    [withField(byId, "sandbox", true)],
    [withField(byId, "other", "a")],
    [{ to: [to], text: "Hello", channel: ["sms", "whatsapp"] }],
    [[]],
  ])("is accepted by both, or by neither: %j", ([body]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* coreAccepts(body), yield* contractAccepts(body))
    }),
  )
})

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

/** The reason of each refusal of the contract. Those of families alone are read by their status. */
const tags: Readonly<Record<string, SentError.Reason["_tag"]>> = {
  "validation-failed": "ValidationFailed",
  "field-missing": "ValidationFailed",
  "id-malformed": "ValidationFailed",
  "value-unknown": "ValidationFailed",
  "invalid-phone-number": "InvalidPhoneNumber",
  "idempotency-key-malformed": "RequestRejected",
  "invalid-json": "RequestRejected",
  "api-key-missing": "CredentialsRejected",
  "api-key-invalid": "CredentialsRejected",
  forbidden: "AccessDenied",
  "account-not-activated": "AccessDenied",
  "identity-not-verified": "AccessDenied",
  "no-channel": "AccessDenied",
  "template-not-found": "TemplateNotFound",
  "message-not-found": "MessageNotFound",
  "request-in-flight": "KeyConflict",
  "content-too-large": "RequestRejected",
  "unsupported-media-type": "RequestRejected",
  "insufficient-balance": "InsufficientBalance",
  "all-opted-out": "RequestRejected",
  "template-not-approved": "RequestRejected",
  "channel-unavailable": "RequestRejected",
  "quota-exceeded": "RequestRejected",
  "rate-limited": "RateLimited",
  "rate-limited-one-second": "RateLimited",
  "rate-limited-bare": "RateLimited",
  "internal-error": "ServerFailed",
  "carrier-failed": "ServerFailed",
  "service-unavailable": "ServiceOverloaded",
  "service-unavailable-retry-after": "ServiceOverloaded",
  "key-store-unavailable": "ServiceOverloaded",
  "timed-out": "ServerFailed",
}

/** Of which the contract says that they may have been accepted. */
const unknown = new Set([
  "request-in-flight",
  "internal-error",
  "carrier-failed",
  "service-unavailable",
  "timed-out",
])

const refusalsOf = ({ responses }: Contract.Operation) =>
  responses
    .filter(({ status }) => status >= 300)
    .flatMap(({ examples, status }) => examples.map((example) => ({ ...example, status })))

const answering = (answer: {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly value: unknown
}) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.succeed(
        HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(answer.value), {
            status: answer.status,
            headers: { "content-type": "application/json", ...answer.headers },
          }),
        ),
      ),
    ),
  )

const clientOf = (http: Layer.Layer<HttpClient.HttpClient>, options: SentMessages.Options = {}) =>
  SentMessages.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
    Layer.provide(SentCredentials.layer({ apiKey: credentials.apiKey })),
    Layer.provide(http),
  )

describe("a refusal of the contract", () => {
  it("has a reason, and no other one has", () => {
    const names = [post, get].flatMap(refusalsOf).map(({ name }) => name)
    assert.sameMembers([...new Set(names)], Object.keys(tags))
  })

  it.effect.each(refusalsOf(post).map((refusal) => [refusal.name, refusal] as const))(
    "of a send is read: %s",
    ([name, refusal]) =>
      Effect.gen(function* () {
        const { delivery, reason } = yield* SentMessages.send(byId).pipe(
          Effect.flip,
          Effect.provide(clientOf(answering(refusal))),
        )
        assert.deepStrictEqual(
          [reason._tag, delivery],
          [tags[name], unknown.has(name) ? "unknown" : "not-sent"],
        )
      }),
  )

  it.effect.each(refusalsOf(get).map((refusal) => [refusal.name, refusal] as const))(
    "of a look-up is read, and nothing was sent: %s",
    ([name, refusal]) =>
      Effect.gen(function* () {
        const { delivery, reason } = yield* SentMessages.get(id).pipe(
          Effect.flip,
          Effect.provide(clientOf(answering(refusal))),
        )
        assert.deepStrictEqual([reason._tag, delivery], [tags[name], "not-sent"])
      }),
  )
})

// -----------------------------------------------------------------------------
// Over the wire
// -----------------------------------------------------------------------------

const OverMock = Layer.unwrap(
  MockServer.MockServer.useSync(({ baseUrl }) => {
    const messages = clientOf(FetchHttpClient.layer, {
      baseUrl,
      retryPolicy: RetryPolicy.make({ budget: false }),
    })
    return SentMessages.layerSentClient.pipe(Layer.provideMerge(messages))
  }),
).pipe(Layer.provideMerge(MockServer.layer()))

layer(OverMock, { excludeTestServices: true })("over the wire, with the mock", (withMock) => {
  const accepted = MockServer.MockServer.use((mock) =>
    Effect.map(mock.messages(), (all) => all.filter((message) => message.accepted).length),
  )

  withMock.effect("a message is sent, and looked up by its id", () =>
    Effect.gen(function* () {
      const receipt = yield* SentMessages.send({ to: [to, "+1987654321"], text: "Hello" })
      const ids = receipt.recipients.map(({ messages }) => messages[0]?.messageId ?? "")
      assert.strictEqual(new Set(ids).size, 2)
      for (const messageId of ids) {
        assert.strictEqual((yield* SentMessages.get(messageId)).id, messageId)
        assert.isAbove((yield* SentMessages.activities(messageId)).length, 0)
      }
      const error = yield* Effect.flip(SentMessages.get(id))
      assert.strictEqual(error.reason._tag, "MessageNotFound")
    }),
  )

  withMock.effect("a lost answer is settled by its key, as one message", () =>
    Effect.gen(function* () {
      const before = yield* accepted
      const receipt = yield* SentClient.sendToPhone({
        phoneNumber: "+15005552052",
        templateId: id,
      })
      assert.deepInclude(receipt, { attempts: 2, isReplayed: true })
      assert.isDefined(receipt.messageId)
      assert.strictEqual((yield* accepted) - before, 1)
    }),
  )

  withMock.effect("the same key is answered alike, and a sandbox message has another one", () =>
    Effect.gen(function* () {
      const before = yield* accepted
      const options = { idempotencyKey: "order-12345" }
      const fake = yield* SentMessages.send({ ...byId, sandbox: true }, options)
      const first = yield* SentMessages.send(byId, options)
      const again = yield* SentMessages.send(byId, options)
      assert.deepStrictEqual(
        [fake.isReplayed, first.isReplayed, again.isReplayed],
        [false, false, true],
      )
      assert.deepStrictEqual(again.recipients, first.recipients)
      assert.strictEqual((yield* accepted) - before, 1)
    }),
  )
})

it("is what the schema of core says: the most recipients", () => {
  const decode = Schema.decodeUnknownResult(SentMessages.MessagesRequest)
  const numbers = (count: number) =>
    Array.from({ length: count }, (_, index) => `+1${2_000_000_000 + index}`)
  assert.isTrue(Result.isSuccess(decode({ to: numbers(1000), text: "a" })))
  assert.isTrue(Result.isFailure(decode({ to: numbers(1001), text: "a" })))
})
