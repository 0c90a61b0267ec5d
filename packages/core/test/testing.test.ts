/** The service in memory: what it records and plays, and that it and the mock lead to the same. */
import { Contract } from "@effect-sent/contract"
import {
  BulkSender,
  DeliveryTracker,
  RetryPolicy,
  SendToPhone,
  SentClient,
  SentCredentials,
  type SentError,
} from "@effect-sent/core"
import * as Testing from "@effect-sent/core/testing"
import { credentials, sample } from "@effect-sent/faults/sample"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it, layer } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Fiber, Layer, Result, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { changedRequests, either, requestsOfCore } from "./support/bodies.ts"

const { webhookUrl: _url, ...untracked } = sample

const send = SentClient.sendToPhone(untracked)

const reasonOf = Effect.map(Effect.flip(send), ({ delivery, reason }) => [reason._tag, delivery])

// -----------------------------------------------------------------------------
// What it records and plays
// -----------------------------------------------------------------------------

describe("the service in memory", () => {
  layer(Testing.layer())("accepts", (withService) => {
    withService.effect("what it is sent, and records it", () =>
      Effect.gen(function* () {
        const service = yield* Testing.TestService
        const receipt = yield* send
        assert.strictEqual(receipt.status, 204)
        const [message] = yield* service.messages
        assert.deepStrictEqual<unknown>({ ...message?.request }, untracked)
        assert.deepStrictEqual(message?.at, receipt.acceptedAt)
      }),
    )
  })

  const table: { readonly [Tag in Testing.PlayedReason]: SentError.SentError["delivery"] } = {
    ValidationFailed: "not-sent",
    InvalidPhoneNumber: "not-sent",
    TemplateNotFound: "not-sent",
    InsufficientBalance: "not-sent",
    RequestRejected: "not-sent",
    CredentialsRejected: "not-sent",
    AccessDenied: "not-sent",
    EndpointNotFound: "not-sent",
    RateLimited: "not-sent",
    ServiceOverloaded: "unknown",
    ServerFailed: "unknown",
    UnexpectedResponse: "unknown",
    ConnectionFailed: "not-sent",
    ConnectionLost: "unknown",
    TimedOut: "unknown",
  }

  it.effect.each(
    // The keys of the table.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Object.entries(table) as Array<[Testing.PlayedReason, SentError.SentError["delivery"]]>,
  )("plays %s, which is %s", ([tag, delivery]) =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(Testing.fail(tag))
      const sending = yield* Effect.forkChild(reasonOf)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(sending), [tag, delivery])
      assert.lengthOf(yield* service.messages, 0)
      assert.lengthOf(yield* service.requests, 1)
      yield* send
      assert.lengthOf(yield* service.messages, 1)
    }).pipe(Effect.provide(Testing.layer({ retryPolicy: RetryPolicy.none }))),
  )

  it.effect("accepts a message whose response is lost, if it is told to", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(Testing.fail("ConnectionLost", { isAccepted: true }))
      assert.deepStrictEqual(yield* reasonOf, ["ConnectionLost", "unknown"])
      assert.lengthOf(yield* service.messages, 1)
    }).pipe(Effect.provide(Testing.layer())),
  )

  it.effect("answers invalid input with the client's own error, and sees no request", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      const { reason } = yield* Effect.flip(
        SentClient.sendToPhone({ ...untracked, phoneNumber: "12" }),
      )
      assert.strictEqual(reason._tag, "InvalidRequest")
      assert.lengthOf(yield* service.requests, 0)
    }).pipe(Effect.provide(Testing.layer())),
  )

  it.effect("lets the client retry when the test says so", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(Testing.fail("RateLimited", { retryAfter: "20 seconds" }))
      const sending = yield* Effect.forkChild(send)
      yield* TestClock.adjust("19 seconds")
      assert.lengthOf(yield* service.requests, 1)
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(sending)
      assert.lengthOf(yield* service.requests, 2)
    }).pipe(Effect.provide(Testing.layer())),
  )

  it.effect("answers after its delay, and a send that is too slow is unknown", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(Testing.accept({ delay: "20 seconds" }))
      const sending = yield* Effect.forkChild(reasonOf)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(sending), ["TimedOut", "unknown"])
      assert.lengthOf(yield* service.messages, 1)
    }).pipe(Effect.provide(Testing.layer({ timeout: "10 seconds" }))),
  )

  it.effect("chooses by the request, for example in bulk", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.playAlways(({ phoneNumber }) =>
        phoneNumber.endsWith("0") ? Testing.fail("InvalidPhoneNumber") : Testing.accept(),
      )
      const inputs = Array.from({ length: 30 }, (_, index) => ({
        input: { ...untracked, phoneNumber: `+12345678${String(index + 10)}` },
        context: index,
      }))
      const results = yield* Stream.runCollect(BulkSender.sendAll(Stream.fromIterable(inputs)))
      const refused = results.filter(({ result }) => Result.isFailure(result))
      assert.sameMembers(
        refused.map(({ context }) => context),
        [0, 10, 20],
      )
      assert.lengthOf(yield* service.messages, 27)
    }).pipe(Effect.provide(Testing.layer())),
  )

  it.effect("stands in for the service of your own layer, and knows one path", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* send
      assert.lengthOf(yield* service.messages, 1)
      const elsewhere = SentClient.layer({ baseUrl: "https://api.sent.dm/other" }).pipe(
        Layer.provide(SentCredentials.layer(credentials)),
      )
      const error = yield* Effect.flip(Effect.provide(send, elsewhere))
      assert.strictEqual(error.reason._tag, "EndpointNotFound")
    }).pipe(
      Effect.provide(
        SentClient.layer().pipe(
          Layer.provide(SentCredentials.layer(credentials)),
          Layer.provideMerge(Testing.layerHttpClient),
        ),
      ),
    ),
  )
})

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

describe("updates", () => {
  const tracked = DeliveryTracker.sendToPhone(untracked)
  const webhookSecret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="

  it.effect("come at their times, in any order that they are given in", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(
        Testing.accept({
          updates: [
            { status: "DELIVERED", after: "4 seconds", channel: "whatsapp" },
            { status: "SENT", after: "1 second" },
          ],
        }),
      )
      const { state } = yield* tracked
      assert.isUndefined((yield* state).status)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* state).status, "SENT")
      yield* TestClock.adjust("2 seconds")
      const { channel, status } = yield* state
      assert.deepStrictEqual([status, channel], ["DELIVERED", "whatsapp"])
    }).pipe(Effect.provide(Testing.layerTracked())),
  )

  it.effect("come by hand, signed", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      const { state } = yield* tracked
      const [message] = yield* service.messages
      assert.isDefined(message)
      yield* service.update(message, "READ", { channel: "rcs" })
      assert.deepStrictEqual(
        (yield* state).messages.map(({ messageId, status }) => [messageId, status]),
        [[message.messageId, "READ"]],
      )
    }).pipe(Effect.provide(Testing.layerTracked({ webhookSecret }))),
  )

  it.effect("settle a send whose response was lost", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(
        Testing.fail("ConnectionLost", {
          isAccepted: true,
          updates: [{ status: "QUEUED", after: "1 second" }],
        }),
      )
      const { delivery, state } = yield* tracked
      assert.strictEqual(delivery, "unknown")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* state).status, "QUEUED")
    }).pipe(Effect.provide(Testing.layerTracked())),
  )

  it.effect("that nothing takes are an error that says why", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      const whyNot = (message: Testing.TestMessage | undefined) =>
        message === undefined
          ? Effect.die("no message")
          : Effect.map(Effect.flip(service.update(message, "SENT")), ({ why }) => why)
      yield* send
      yield* SentClient.sendToPhone(sample)
      const [without, withUrl] = yield* service.messages
      assert.strictEqual(yield* whyNot(without), "the message has no webhookUrl")
      assert.strictEqual(yield* whyNot(withUrl), "nothing receives updates yet: call connect")
      yield* service.connect(() =>
        Effect.succeed({ status: 401, headers: {}, body: "no signature" }),
      )
      assert.strictEqual(yield* whyNot(withUrl), "the receiver responded 401 no signature")
    }).pipe(Effect.provide(Testing.layer())),
  )
})

// -----------------------------------------------------------------------------
// The same as the mock
// -----------------------------------------------------------------------------

/** The outcome in memory of each scenario of the contract that a send can tell apart. */
const outcomes: Readonly<Record<string, Testing.Outcome>> = {
  delivered: Testing.accept(),
  "validation-failed": Testing.fail("ValidationFailed"),
  "bad-request": Testing.fail("RequestRejected"),
  "invalid-phone-number": Testing.fail("InvalidPhoneNumber"),
  "template-not-found": Testing.fail("TemplateNotFound"),
  "insufficient-balance": Testing.fail("InsufficientBalance"),
  "credentials-invalid": Testing.fail("CredentialsRejected"),
  forbidden: Testing.fail("AccessDenied"),
  "not-found": Testing.fail("EndpointNotFound"),
  "too-many-requests-one-second": Testing.fail("RateLimited"),
  "internal-server-error": Testing.fail("ServerFailed"),
  "service-unavailable": Testing.fail("ServiceOverloaded"),
  "service-unavailable-retry-after": Testing.fail("ServiceOverloaded", {
    retryAfter: "30 seconds",
  }),
  "answer-lost": Testing.fail("ConnectionLost", { isAccepted: true }),
}

/** What an application sees of a send. */
const seen = (input: SendToPhone.Input): Effect.Effect<unknown, never, SentClient.SentClient> =>
  SentClient.sendToPhone(input).pipe(
    Effect.match({
      onSuccess: ({ status }) => ({ status }),
      onFailure: ({
        attempts,
        delivery,
        isRetryable,
        isTransient,
        message,
        reason,
        retryAfter,
      }) => ({
        attempts,
        delivery,
        isRetryable,
        isTransient,
        reason: reason._tag,
        retryAfter: retryAfter === undefined ? undefined : Duration.toMillis(retryAfter),
        // It may name the host; of a connection that was lost, it names the code that the HTTP client reports.
        message:
          reason._tag === "ConnectionLost" ? undefined : message.replace(/https?:\/\/[^/]+/, ""),
      }),
    }),
  )

const options = { retryPolicy: RetryPolicy.none }

const overMock = Layer.unwrap(
  MockServer.MockServer.useSync(({ baseUrl }) =>
    SentClient.layer({ ...options, baseUrl }).pipe(
      Layer.provide(SentCredentials.layer(credentials)),
      Layer.provide(FetchHttpClient.layer),
    ),
  ),
).pipe(Layer.provide(MockServer.layer({ clock: "manual" })))

const seed = process.env["TESTING_SEED"] ?? "testing"

describe("the service in memory and the mock", () => {
  it.live("answer the same to the same", () =>
    Effect.gen(function* () {
      const { operations } = yield* Contract.load()
      const scenarios = operations
        .flatMap((operation) => operation.scenarios)
        .filter(({ name }) => name in outcomes)
      assert.lengthOf(scenarios, Object.keys(outcomes).length)
      const inputs = either<unknown>([requestsOfCore, requestsOfCore, changedRequests])
      const which = Schema.Literals(scenarios.map((_, index) => index))
      const cases = Arbitrary.flatMap(Arbitrary.schema(which), (index) =>
        Arbitrary.map(inputs, (input) => ({ index, input })),
      )
      const mock = yield* Layer.build(overMock)
      const memory = yield* Layer.build(Testing.layer(options))
      const service = yield* Effect.provide(Testing.TestService, memory)
      let accepted = 0
      const result = yield* Arbitrary.checkEffect(
        cases,
        Effect.fnUntraced(function* ({ index, input }) {
          const { name = "", phoneNumber } = scenarios[index] ?? {}
          const outcome = outcomes[name] ?? Testing.accept()
          yield* service.playAlways(outcome)
          const isValid = Schema.is(SendToPhone.SendToPhoneRequest)(input)
          // Anything may be in it.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          const message = (isValid ? { ...input, phoneNumber } : input) as SendToPhone.Input
          const before = (yield* service.messages).length
          const ofMock = yield* Effect.provide(seen(message), mock)
          assert.deepStrictEqual(yield* Effect.provide(seen(message), memory), ofMock, name)
          accepted += (yield* service.messages).length - before
          return true
        }),
        { runs: 300, size: 4, seed },
      )
      assert.isUndefined(
        Arbitrary.formatCheckFailure(result),
        `TESTING_SEED=${seed} shows it again`,
      )
      assert.isAbove(accepted, 10)
    }).pipe(Effect.scoped),
  )
})
