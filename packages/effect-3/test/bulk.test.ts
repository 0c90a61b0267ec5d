/** Many messages over the `Stream` of Effect 3. */
import { BulkSender, SentClient, SentError } from "@effect-sent/effect-3"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { assert, describe, it } from "vitest"
import { message } from "./support/sample.ts"

/** A client that accepts every message but those to this number. */
const refused = "+1234567899"
const sentTo: Array<string> = []
const Client = Layer.succeed(SentClient.SentClient, {
  sendToPhone: ({ phoneNumber }) => {
    sentTo.push(phoneNumber)
    return phoneNumber === refused
      ? Effect.fail(
          new SentError.SentError({ reason: new SentError.AccessDenied({}), attempts: 1 }),
        )
      : Effect.sync(() => ({ acceptedAt: acceptedAt(), status: 204, attempts: 1 }))
  },
})
const acceptedAt = () => Effect.runSync(DateTime.now)

const to = (phoneNumber: string) => ({ ...message, phoneNumber })

describe("sendAll", () => {
  it("has a result for every item, with its context", async () => {
    const items = Stream.fromIterable([to("+1234567890"), to(refused), to("+1234567891")]).pipe(
      Stream.zipWithIndex,
      Stream.map(([input, context]) => ({ input, context })),
    )
    const results = await BulkSender.sendAll(items).pipe(
      Stream.runCollect,
      Effect.provide(Client),
      Effect.runPromise,
    )
    const shown = Chunk.toReadonlyArray(results).map(({ context, index, result }) => [
      index,
      context,
      Either.isRight(result) ? result.right.status : result.left,
    ])
    assert.deepStrictEqual(
      shown.map(([, , outcome]) =>
        outcome instanceof SentError.SentError ? outcome.reason._tag : outcome,
      ),
      [204, "AccessDenied", 204],
    )
    assert.deepStrictEqual(
      shown.map(([index, context]) => [index, context]),
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    )
  })

  it("takes no more of the source than its results are taken", async () => {
    let taken = 0
    const inputs = Stream.range(0, 99).pipe(
      Stream.rechunk(1),
      Stream.map(() => {
        taken += 1
        return to("+1234567890")
      }),
    )
    await BulkSender.sendAll(inputs, { concurrency: 2 }).pipe(
      Stream.take(3),
      Stream.runDrain,
      Effect.provide(Client),
      Effect.runPromise,
    )
    assert.isBelow(taken, 20)
  })

  it("ends with the error of the source, as it was", async () => {
    const failure = { _tag: "OfTheSource" } as const
    const inputs = Stream.concat(Stream.make(to("+1234567890")), Stream.fail(failure))
    const results: Array<unknown> = []
    const error = await BulkSender.sendAll(inputs).pipe(
      Stream.runForEach((result) => Effect.sync(() => void results.push(result))),
      Effect.flip,
      Effect.provide(Client),
      Effect.runPromise,
    )
    assert.strictEqual(error, failure)
    assert.lengthOf(results, 1)
  })

  it("closes the source, and aborts what is being sent, when it is interrupted", async () => {
    const events: Array<string> = []
    const Hanging = Layer.succeed(SentClient.SentClient, {
      sendToPhone: () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void events.push("aborted"))),
    })
    const begun = Effect.runSync(Deferred.make<void>())
    const inputs = Stream.make(to("+1234567890")).pipe(
      Stream.tap(() => Deferred.succeed(begun, undefined)),
      Stream.concat(Stream.never),
      Stream.ensuring(Effect.sync(() => void events.push("closed"))),
    )
    await BulkSender.sendAll(inputs).pipe(
      Stream.runDrain,
      Effect.raceFirst(Effect.zipRight(Deferred.await(begun), Effect.sleep(20))),
      Effect.provide(Hanging),
      Effect.runPromise,
    )
    assert.deepStrictEqual(events.toSorted(), ["aborted", "closed"])
  })

  it("refuses what is not a stream, and wrong options, in core's words", async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong, as in JavaScript
    const list = [] as unknown as Stream.Stream<BulkSender.Item<string>>
    const error = await BulkSender.sendAll(list, { concurrency: 0 }).pipe(
      Stream.runDrain,
      Effect.flip,
      Effect.provide(Client),
      Effect.runPromise,
    )
    assert.match(error.message, /inputs must be a Stream.*concurrency must be a whole number, 1/)
  })
})

describe("run", () => {
  it("counts, and tells its progress", async () => {
    const totals: Array<number> = []
    const summary = await BulkSender.run(Stream.make(to("+1234567890"), to(refused)), {
      onProgress: ({ total }) => Effect.sync(() => void totals.push(total)),
    }).pipe(Effect.provide(Client), Effect.runPromise)
    assert.deepStrictEqual(summary, {
      total: 2,
      accepted: 1,
      unknown: 0,
      rejected: { AccessDenied: 1 },
    })
    assert.deepStrictEqual(totals, [1, 2])
  })

  it("ends early, with the results of what was begun", async () => {
    const stop = Effect.runSync(Deferred.make<void>())
    const inputs = Stream.repeat(Stream.make(to("+1234567890")), Schedule.forever).pipe(
      Stream.rechunk(1),
      Stream.zipWithIndex,
      Stream.tap(([, index]) => (index === 5 ? Deferred.succeed(stop, undefined) : Effect.void)),
      Stream.map(([input]) => input),
    )
    const { accepted, total } = await BulkSender.run(inputs, {
      stopWhen: Deferred.await(stop),
    }).pipe(Effect.provide(Client), Effect.runPromise)
    assert.strictEqual(accepted, total)
    assert.isAtLeast(total, 1)
  })
})
