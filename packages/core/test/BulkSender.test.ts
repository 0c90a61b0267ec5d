/** Many messages: what becomes of each, in which order, and how far the source is read ahead. */
import { BulkSender, RateLimit, RetryPolicy, SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber, Latch, Layer, Queue, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { clientLayer } from "@effect-sent/faults/program"
import { keyed } from "./support/keyed.ts"
import { input as trackedInput, setUp } from "./support/trackerProbe.ts"
import { sample } from "@effect-sent/faults/sample"

const receipt = { acceptedAt: DateTime.makeUnsafe(0), status: 204, attempts: 1 }

const failure = (reason: SentError.Reason) => new SentError.SentError({ reason, attempts: 1 })

/** The number of a message, which its variables hold. */
const numberOf = (input: { readonly messageBody?: Readonly<Record<string, string>> | undefined }) =>
  Number(input.messageBody?.["n"])

const message = (n: number) => ({ ...sample, messageBody: { n: String(n) } })

/** A client that does with each message what the test says, and keeps which ones it began. */
const client = (send: (n: number) => Effect.Effect<void, SentError.SentError>) => {
  const begun: Array<number> = []
  const layer = Layer.succeed(
    SentClient.SentClient,
    SentClient.SentClient.of({
      sendToPhone: (input) =>
        Effect.suspend(() => {
          begun.push(numberOf(input))
          return Effect.as(send(numberOf(input)), receipt)
        }),
    }),
  )
  return { begun, layer }
}

/** Messages one at a time, and how many were taken. */
const source = (length: number) => {
  const taken = { count: 0 }
  const stream = Stream.range(0, length - 1).pipe(
    Stream.rechunk(1),
    Stream.map((n) => {
      taken.count += 1
      return message(n)
    }),
  )
  return { stream, taken }
}

const yieldOften = Effect.repeat(Effect.yieldNow, { times: 100 })

describe("results", () => {
  /** Message 1 waits until 2 has ended and longer: as they end, it is the last. */
  const crossed = Effect.gen(function* () {
    const second = yield* Deferred.make<void>()
    return client((n) => {
      if (n === 1) return Effect.andThen(Deferred.await(second), yieldOften)
      return n === 2 ? Effect.asVoid(Deferred.succeed(second, undefined)) : Effect.void
    })
  })

  it.effect.each<readonly [string, "input" | "completion", Array<number>]>([
    ["in the order of the inputs", "input", [0, 1, 2, 3]],
    ["as they end", "completion", [0, 2, 3, 1]],
  ])("come %s", ([, order, expected]) =>
    Effect.gen(function* () {
      const { layer } = yield* crossed
      const results = yield* BulkSender.sendAll(source(4).stream, { order, concurrency: 2 }).pipe(
        Stream.runCollect,
        Effect.provide(layer),
      )
      assert.deepStrictEqual(
        results.map(({ index }) => index),
        expected,
      )
      for (const { index, input, result } of results) {
        assert.strictEqual(numberOf(input), index)
        assert.isTrue(Result.isSuccess(result))
      }
    }),
  )

  it.effect("include failures, which do not end the stream, and are counted in the summary", () =>
    Effect.gen(function* () {
      const reasons: ReadonlyArray<SentError.Reason | undefined> = [
        undefined,
        new SentError.TemplateNotFound(),
        new SentError.ServerFailed({ status: 500 }),
        undefined,
        new SentError.TemplateNotFound(),
        new SentError.RateLimited({}),
      ]
      const { layer } = client((n) => {
        const reason = reasons[n]
        return reason === undefined ? Effect.void : Effect.fail(failure(reason))
      })
      const seen: Array<number> = []
      const summary = yield* BulkSender.run(source(6).stream, {
        concurrency: 1,
        onProgress: ({ total }) => Effect.sync(() => seen.push(total)),
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(summary, {
        total: 6,
        accepted: 2,
        unknown: 1,
        rejected: { TemplateNotFound: 2, RateLimited: 1 },
      })
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6])
    }),
  )

  it.effect("count a message as unknown that may have been sent before it was rejected", () =>
    Effect.sync(() => {
      const error = new SentError.SentError({
        reason: new SentError.RateLimited({}),
        attempts: 2,
        unknownAttempts: 1,
      })
      const result = { index: 0, input: sample, result: Result.fail(error) }
      assert.strictEqual(BulkSender.summarize(BulkSender.emptySummary, result).unknown, 1)
    }),
  )

  it.effect("come before the error of the source", () =>
    Effect.gen(function* () {
      for (const order of ["input", "completion"] as const) {
        const { layer } = client(() => yieldOften)
        const inputs = Stream.concat(source(3).stream, Stream.fail("the file ends too early"))
        const indices: Array<number> = []
        const error = yield* BulkSender.sendAll(inputs, { order, concurrency: 3 }).pipe(
          Stream.runForEach(({ index }) => Effect.sync(() => indices.push(index))),
          Effect.provide(layer),
          Effect.flip,
        )
        assert.strictEqual(error, "the file ends too early")
        assert.deepStrictEqual(indices, [0, 1, 2])
      }
    }),
  )

  it.effect("are empty for an empty source", () =>
    Effect.gen(function* () {
      const { layer } = client(() => Effect.void)
      const summary = yield* BulkSender.run(Stream.empty).pipe(Effect.provide(layer))
      assert.deepStrictEqual(summary, BulkSender.emptySummary)
    }),
  )
})

describe("concurrency", () => {
  it.effect.each([1, 2, 8, 32])("a wrong key is sent three times, $0 at a time", (concurrency) =>
    Effect.gen(function* () {
      // The answers take a while: all that may begin begins before the first one comes.
      const service = keyed(
        () => 401,
        () => yieldOften,
      )
      const malformed = Stream.succeed({ ...message(0), phoneNumber: "12" })
      const summary = yield* BulkSender.run(Stream.concat(malformed, source(100).stream), {
        concurrency,
      }).pipe(Effect.provide(clientLayer(service.layer, { retryPolicy: RetryPolicy.notSent })))
      assert.strictEqual(service.keys.length, 3)
      assert.deepStrictEqual(summary.rejected, {
        InvalidRequest: 1,
        CredentialsRejected: 3,
        CredentialsUnavailable: 97,
      })
    }),
  )

  it.effect(
    "a key that is revoked during the bulk is sent at most concurrency + 1 more times",
    () =>
      Effect.gen(function* () {
        const service = keyed(
          (_, request) => (request <= 20 ? 204 : 401),
          () => yieldOften,
        )
        yield* BulkSender.run(source(100).stream, { concurrency: 8 }).pipe(
          Effect.provide(clientLayer(service.layer, { retryPolicy: RetryPolicy.notSent })),
        )
        assert.isAtMost(service.keys.length - 20, 9)
      }),
  )

  it.effect.each([0, -1, 1.5, Number.NaN])("of %d is rejected", (concurrency) =>
    Effect.gen(function* () {
      const { begun, layer } = client(() => Effect.void)
      const error = yield* BulkSender.run(source(2).stream, { concurrency }).pipe(
        Effect.provide(layer),
        Effect.flip,
      )
      assert.include(error.message, "concurrency must be a whole number, 1 or more")
      assert.deepStrictEqual(begun, [])
    }),
  )

  it.effect.each(
    ([1, 2, 3, 8] as const).flatMap((concurrency) =>
      (["input", "completion"] as const).map((order) => ({ concurrency, order })),
    ),
  )("a slow consumer slows the source: $concurrency at a time, in order of $order", (options) =>
    Effect.gen(function* () {
      const { layer } = client(() => Effect.void)
      const { stream, taken } = source(100)
      const gate = yield* Queue.unbounded<void>()
      let results = 0
      const reading = yield* BulkSender.sendAll(stream, options).pipe(
        Stream.runForEach(() =>
          Effect.andThen(
            Effect.sync(() => (results += 1)),
            Queue.take(gate),
          ),
        ),
        Effect.provide(layer),
        Effect.forkChild,
      )
      for (let step = 1; step <= 20; step++) {
        yield* yieldOften
        assert.strictEqual(results, step)
        assert.isAtMost(taken.count, results + options.concurrency)
        yield* Queue.offer(gate, undefined)
      }
      yield* Fiber.interrupt(reading)
    }),
  )

  it.effect("interruption aborts the current sends and pulls no more inputs", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const { layer } = client((n) =>
        n === 0
          ? Effect.void
          : Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted += 1))),
      )
      const { stream, taken } = source(100)
      const sending = yield* BulkSender.run(stream, { concurrency: 4 }).pipe(
        Effect.provide(layer),
        Effect.forkChild,
      )
      yield* yieldOften
      const before = taken.count
      yield* Fiber.interrupt(sending)
      assert.strictEqual(interrupted, 4)
      assert.strictEqual(taken.count, before)
    }),
  )
})

describe("the layer", () => {
  it.effect("its rate limit applies to all messages", () =>
    Effect.gen(function* () {
      const service = keyed(() => 204)
      const sending = yield* BulkSender.run(source(30).stream).pipe(
        Effect.provide(
          clientLayer(service.layer, {
            rateLimit: RateLimit.make({ limit: 10, window: "1 second" }),
          }),
        ),
        Effect.forkChild,
      )
      for (let tick = 0; tick < 30; tick++) {
        yield* yieldOften
        assert.strictEqual(service.keys.length, tick + 1)
        yield* TestClock.adjust("102 millis")
      }
      assert.strictEqual((yield* Fiber.join(sending)).accepted, 30)
    }),
  )
})

describe("memory", () => {
  it.effect("does not grow with the number of messages", () =>
    Effect.gen(function* () {
      const { layer } = client(() => Effect.void)
      let most = 0
      const { stream, taken } = source(100_000)
      const summary = yield* BulkSender.run(stream, {
        onProgress: ({ total }) =>
          Effect.sync(() => {
            most = Math.max(most, taken.count - total)
          }),
      }).pipe(Effect.provide(layer))
      assert.strictEqual(summary.accepted, 100_000)
      // What was taken and has no result yet: no more than are sent at a time.
      assert.isAtMost(most, 8)
    }),
  )
})

// -----------------------------------------------------------------------------
// Items, other senders, the end
// -----------------------------------------------------------------------------

describe("a context", () => {
  it.effect.each(["input", "completion"] as const)(
    "comes back with its result, in order of %s",
    (order) =>
      Effect.gen(function* () {
        const customers = Array.from({ length: 20 }, (_, n) => ({ id: `customer ${n}`, n }))
        const { layer } = client((n) =>
          n % 3 === 0 ? Effect.fail(failure(new SentError.InvalidPhoneNumber())) : Effect.void,
        )
        const results = yield* BulkSender.sendAll(
          Stream.fromIterable(customers).pipe(
            Stream.map((customer) => ({ input: message(customer.n), context: customer })),
          ),
          { order },
        ).pipe(Stream.runCollect, Effect.provide(layer))
        assert.strictEqual(results.length, 20)
        for (const { context, index, input, result } of results) {
          assert.strictEqual(customers[index], context)
          assert.strictEqual(numberOf(input), context.n)
          assert.strictEqual(Result.isFailure(result), context.n % 3 === 0)
        }
      }),
  )

  it.effect("is undefined for an input alone, and an item may be counted as well", () =>
    Effect.gen(function* () {
      const { layer } = client(() => Effect.void)
      const [alone] = yield* BulkSender.sendAll(Stream.make(message(1))).pipe(
        Stream.runCollect,
        Effect.provide(layer),
      )
      assert.isUndefined(alone?.context)
      const summary = yield* BulkSender.run(Stream.make({ input: message(1), context: "x" })).pipe(
        Effect.provide(layer),
      )
      assert.strictEqual(summary.accepted, 1)
    }),
  )
})

/** Sends other messages than a client, with other results. */
const sendTo = (input: { readonly to: number }) => Effect.succeed({ id: `send ${input.to}` })

describe("sendAllWith", () => {
  it.effect(
    "sends through a tracker, and counts what it follows without a receipt as unknown",
    () =>
      Effect.gen(function* () {
        const reasons = [
          undefined,
          new SentError.ConnectionLost({}),
          new SentError.AccessDenied({}),
        ]
        let sends = 0
        const { tracker, urls } = yield* setUp({}, () => {
          const reason = reasons[sends++]
          return reason === undefined ? Effect.succeed(receipt) : Effect.fail(failure(reason))
        })
        const items = Stream.fromIterable(reasons).pipe(
          Stream.map((_, index) => ({ input: trackedInput, context: `customer ${index}` })),
        )
        const results = yield* BulkSender.sendAllWith(tracker.sendToPhone)(items).pipe(
          Stream.runCollect,
        )
        assert.deepStrictEqual(
          results.map(({ context }) => context),
          ["customer 0", "customer 1", "customer 2"],
        )
        assert.lengthOf(new Set(urls), 3)
        assert.deepStrictEqual(results.reduce(BulkSender.summarize, BulkSender.emptySummary), {
          total: 3,
          accepted: 1,
          unknown: 1,
          rejected: { AccessDenied: 1 },
        })
      }),
  )

  it.effect("sends through anything that sends, with its own messages and results", () =>
    Effect.gen(function* () {
      const results = yield* BulkSender.sendAllWith(sendTo)(
        Stream.make({ input: { to: 1 }, context: "a" }, { input: { to: 2 }, context: "b" }),
      ).pipe(Stream.runCollect)
      assert.deepStrictEqual(
        results.map(({ context, result }) => [context, Result.getOrThrow(result).id]),
        [
          ["a", "send 1"],
          ["b", "send 2"],
        ],
      )
    }),
  )
})

describe("stopWhen", () => {
  it.effect.each([1, 100])(
    "lets end what is being sent, and takes nothing more: a source that emits %i at a time",
    (chunk) =>
      Effect.gen(function* () {
        const stop = yield* Deferred.make<void>()
        const arrived = yield* Latch.make()
        const release = yield* Latch.make()
        const { begun, layer } = client((n) =>
          // The first proves the credentials, so that the next ones are sent together.
          n === 0
            ? Effect.void
            : Effect.andThen(n === 4 ? arrived.open : Effect.void, release.await),
        )
        const { stream } = source(100)
        const sending = yield* BulkSender.sendAll(Stream.rechunk(stream, chunk), {
          concurrency: 4,
          stopWhen: Deferred.await(stop),
        }).pipe(Stream.runCollect, Effect.provide(layer), Effect.forkChild)
        yield* arrived.await
        yield* Deferred.succeed(stop, undefined)
        yield* yieldOften
        yield* release.open
        const results = yield* Fiber.join(sending)
        assert.deepStrictEqual(begun, [0, 1, 2, 3, 4])
        assert.deepStrictEqual(
          results.map(({ index }) => index),
          begun,
        )
        assert.isTrue(results.every(({ result }) => Result.isSuccess(result)))
      }),
  )

  it.effect("ends a source that waits", () =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const { layer } = client(() => Effect.void)
      const sending = yield* BulkSender.run(Stream.concat(Stream.make(message(1)), Stream.never), {
        stopWhen: Deferred.await(stop),
      }).pipe(Effect.provide(layer), Effect.forkChild)
      yield* yieldOften
      yield* Deferred.succeed(stop, undefined)
      assert.strictEqual((yield* Fiber.join(sending)).accepted, 1)
    }),
  )
})
