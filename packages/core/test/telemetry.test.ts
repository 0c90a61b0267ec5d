/** What can be seen of a send from outside: its spans, metrics and log lines, by the names that they are known by. */
import { RetryPolicy, SentClient, SentCredentials } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Deferred,
  Effect,
  Fiber,
  Layer,
  Logger,
  Metric,
  Option,
  References,
  Schedule,
  type Tracer,
} from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { recording } from "./support/observing.ts"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"
import { answer, type Play, wire } from "./support/wire.ts"

/** Plays one after the other, the last one from then on. */
const inTurn = (...plays: ReadonlyArray<Play>): Play => {
  let turn = 0
  return (socket, request) => plays[Math.min(turn++, plays.length - 1)]?.(socket, request)
}

const again = RetryPolicy.make({ schedule: Schedule.recurs(3), budget: false })

/** One send, and all that could be seen of it. */
const observe = (play: Play, input = sample, retryPolicy: RetryPolicy.RetryPolicy = again) =>
  Effect.gen(function* () {
    const server = yield* wire(play)
    const { layer: recorder, metrics: registry, spans } = recording()
    const log: Array<string> = []
    const exit = yield* SentClient.sendToPhone(input).pipe(
      Effect.provide(clientLayer(FetchHttpClient.layer, { baseUrl: server.baseUrl, retryPolicy })),
      Effect.provide(
        Layer.mergeAll(
          recorder,
          Logger.layer([
            Logger.make(({ logLevel, message }) => {
              log.push(`${logLevel} ${String(message)}`)
            }),
          ]),
        ),
      ),
      Effect.exit,
    )
    const metrics = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).map(
      ({ attributes, id, state }) => ({ id, attributes, state }),
    )
    return { exit, log, metrics, port: server.port, spans }
  })

const attributesOf = (span: Tracer.NativeSpan | undefined) =>
  Object.fromEntries(span?.attributes ?? [])

/** The counters: what was counted, under which attributes, how often. */
const counts = ({ metrics }: Effect.Success<ReturnType<typeof observe>>) =>
  metrics
    .filter(({ state }) => "incremental" in state)
    .toSorted((a, b) => a.id.localeCompare(b.id))
    .map(({ attributes, id, state }) => [
      id,
      attributes ?? {},
      "count" in state ? Number(state.count) : undefined,
    ])

describe("spans", () => {
  it.effect("a traced failure names the line that called the client", () =>
    Effect.gen(function* () {
      const client = yield* SentClient.SentClient
      const cause = yield* Effect.sandbox(
        client.sendToPhone({ ...sample, phoneNumber: "12" }),
      ).pipe(Effect.flip)
      assert.match(
        Cause.pretty(cause),
        /at SentClient\.sendToPhone \(.*telemetry\.test\.ts:\d+:\d+\)/,
      )
    }).pipe(
      Effect.provide(clientLayer(FetchHttpClient.layer, { baseUrl: "http://127.0.0.1:8080" })),
      Effect.provide(recording().layer),
    ),
  )

  it.effect("a send has a child for each attempt", () =>
    Effect.gen(function* () {
      const { port, spans } = yield* observe(
        inTurn(answer(429, { "retry-after": "0" }), answer(204)),
      )
      const [send, first, second, ...more] = spans
      assert.deepStrictEqual(more, [])
      assert.strictEqual(send?.name, "SentClient.sendToPhone")
      assert.deepStrictEqual(attributesOf(send), { "sent.outcome": "accepted", "sent.attempts": 2 })
      for (const attempt of [first, second]) {
        assert.strictEqual(attempt?.name, "POST /v1/messages/phone")
        assert.strictEqual(attempt?.kind, "client")
        assert.strictEqual(
          Option.getOrUndefined(attempt?.parent ?? Option.none())?.spanId,
          send?.spanId,
        )
      }
      const common = {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": `http://127.0.0.1:${port}/v1/messages/phone`,
      }
      assert.deepStrictEqual(attributesOf(first), {
        ...common,
        "http.response.status_code": 429,
        "error.type": "429",
        "sent.reason": "RateLimited",
        "sent.delivery": "not-sent",
      })
      assert.deepStrictEqual(attributesOf(second), {
        ...common,
        "http.request.resend_count": 1,
        "http.response.status_code": 204,
      })
    }),
  )

  it.effect("a send that failed says why and after how many attempts", () =>
    Effect.gen(function* () {
      const { spans } = yield* observe(answer(500))
      assert.deepStrictEqual(attributesOf(spans[0]), {
        "sent.outcome": "unknown",
        "sent.reason": "ServerFailed",
        "sent.attempts": 1,
        "error.type": "ServerFailed",
      })
      assert.strictEqual(spans[0]?.status._tag, "Ended")
    }),
  )

  it.effect("a malformed input has a span and no attempt", () =>
    Effect.gen(function* () {
      const { spans } = yield* observe(answer(204), { ...sample, phoneNumber: "1" })
      assert.strictEqual(spans.length, 1)
      assert.deepStrictEqual(attributesOf(spans[0]), {
        "sent.outcome": "rejected",
        "sent.reason": "InvalidRequest",
        "sent.attempts": 0,
        "error.type": "InvalidRequest",
      })
    }),
  )
})

describe("metrics", () => {
  it.effect("count an accepted send and its attempts, waits and time", () =>
    Effect.gen(function* () {
      const observed = yield* observe(inTurn(answer(429), answer(204)))
      assert.deepStrictEqual(counts(observed), [
        ["sent.attempts", { unit: "{request}" }, 2],
        ["sent.sends", { unit: "{send}", "sent.outcome": "accepted" }, 1],
      ])
      const histograms = observed.metrics.filter(({ state }) => "buckets" in state)
      assert.deepStrictEqual(histograms.map(({ id }) => id).toSorted(), [
        "sent.retry.wait",
        "sent.send.duration",
      ])
      for (const { state } of histograms) assert.strictEqual("count" in state && state.count, 1)
    }),
  )

  it.effect.each([
    [400, "rejected", "RequestRejected"],
    [401, "rejected", "CredentialsRejected"],
    [500, "unknown", "ServerFailed"],
    [503, "unknown", "ServiceOverloaded"],
  ] as const)("count a %i as %s: %s", ([status, outcome, reason]) =>
    Effect.gen(function* () {
      const observed = yield* observe(answer(status))
      assert.deepStrictEqual(counts(observed), [
        ["sent.attempts", { unit: "{request}" }, 1],
        ["sent.sends", { unit: "{send}", "sent.outcome": outcome, "sent.reason": reason }, 1],
      ])
    }),
  )

  it.effect("count a send as unknown that may have been accepted before it was rejected", () =>
    Effect.gen(function* () {
      const anyway = RetryPolicy.make({
        schedule: Schedule.recurs(3),
        atLeastOnce: true,
        budget: false,
      })
      const observed = yield* observe(inTurn(answer(500), answer(400)), sample, anyway)
      assert.deepStrictEqual(counts(observed), [
        ["sent.attempts", { unit: "{request}" }, 2],
        [
          "sent.sends",
          { unit: "{send}", "sent.outcome": "unknown", "sent.reason": "RequestRejected" },
          1,
        ],
      ])
    }),
  )
})

/** A send that is interrupted once its request has arrived, and what was counted and logged of it. */
const interrupted = (play: Play, hasHead: boolean) =>
  Effect.gen(function* () {
    const arrived = yield* Deferred.make<void>()
    const answered = yield* Deferred.make<void>()
    const server = yield* wire((socket, request) => {
      play(socket, request)
      Deferred.doneUnsafe(arrived, Effect.void)
    })
    const http = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.tap(() => Deferred.succeed(answered, undefined)),
      ),
    ).pipe(Layer.provide(FetchHttpClient.layer))
    const { layer: recorder, metrics: registry } = recording()
    const log: Array<string> = []
    const sending = yield* SentClient.sendToPhone(sample).pipe(
      Effect.provide(clientLayer(http, { baseUrl: server.baseUrl })),
      Effect.provide(
        Layer.mergeAll(
          recorder,
          Logger.layer([
            Logger.make(({ fiber, logLevel, message }) => {
              log.push(`${logLevel} ${String(message)}`)
              log.push(JSON.stringify(fiber.getRef(References.CurrentLogAnnotations)))
            }),
          ]),
        ),
      ),
      Effect.forkChild,
    )
    yield* Deferred.await(hasHead ? answered : arrived)
    yield* Effect.yieldNow
    yield* Fiber.interrupt(sending)
    const metrics = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
    const outcomes = metrics.flatMap(({ attributes, id }) =>
      id === "sent.sends" ? [attributes?.["sent.outcome"]] : [],
    )
    return { log, outcomes }
  })

describe("a send that is interrupted", () => {
  it.effect("while a request is on its way is counted and logged as unknown", () =>
    Effect.gen(function* () {
      const { log, outcomes } = yield* interrupted(() => undefined, false)
      assert.deepStrictEqual(outcomes, ["unknown"])
      assert.strictEqual(log.length, 2)
      assert.match(log[0] ?? "", /^Warn Send interrupted .* the message may have been sent/)
      assert.strictEqual(log[1], '{"sent.outcome":"unknown","sent.attempts":1}')
    }),
  )

  it.effect.each([
    ["200", "accepted"],
    ["403", "rejected"],
    ["500", "unknown"],
  ] as const)("while the body of a %s arrives is counted as %s", ([status, outcome]) =>
    Effect.gen(function* () {
      const { outcomes } = yield* interrupted((socket) => {
        socket.write(`HTTP/1.1 ${status} Status\r\ncontent-length: 9\r\n\r\n{`)
      }, true)
      assert.deepStrictEqual(outcomes, [outcome])
    }),
  )

  it.effect("before a request is counted as rejected, and not warned of", () =>
    Effect.gen(function* () {
      const { layer: recorder, metrics: registry } = recording()
      const log: Array<string> = []
      const never = Layer.succeed(SentCredentials.SentCredentials, { get: Effect.never })
      const sending = yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(SentClient.layer().pipe(Layer.provide([never, FetchHttpClient.layer]))),
        Effect.provide(
          Layer.mergeAll(
            recorder,
            Logger.layer([Logger.make(({ logLevel }) => void log.push(logLevel))]),
          ),
        ),
        Effect.forkChild,
      )
      yield* Effect.yieldNow
      yield* Fiber.interrupt(sending)
      const metrics = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
      assert.deepStrictEqual(
        metrics.flatMap(({ attributes, id }) =>
          id === "sent.sends" ? [attributes?.["sent.outcome"]] : [],
        ),
        ["rejected"],
      )
      assert.deepStrictEqual(log, ["Debug"])
    }),
  )
})

describe("an attempt", () => {
  const errorTypeOf = Effect.fnUntraced(function* (play: Play) {
    const { spans } = yield* observe(play, sample, RetryPolicy.none)
    return attributesOf(spans[1])["error.type"]
  })

  it.effect.each<readonly [play: Play, type: string]>([
    // OpenTelemetry, HTTP spans: the status as text if it is an error; otherwise an identifier of the error.
    [answer(401), "401"],
    [answer(404), "404"],
    [answer(503), "503"],
    [answer(200, { "content-type": "text/html" }, "<p>"), "UnexpectedResponse"],
    [answer(302, { location: "/" }), "UnexpectedResponse"],
    [(socket) => socket.destroy(), "ConnectionLost"],
  ])("has the error.type of the conventions: %#", ([play, type]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* errorTypeOf(play), type)
    }),
  )
})

describe("the units", () => {
  it.effect("are on every metric, as the OTLP exporter reads them", () =>
    Effect.gen(function* () {
      const { metrics } = yield* observe(inTurn(answer(429), answer(204)))
      assert.deepStrictEqual(
        Object.fromEntries(metrics.map(({ attributes, id }) => [id, attributes?.["unit"]])),
        {
          "sent.attempts": "{request}",
          "sent.retry.wait": "s",
          "sent.send.duration": "s",
          "sent.sends": "{send}",
        },
      )
    }),
  )
})

describe("the log", () => {
  it.effect("has retries and the outcome, at debug level", () =>
    Effect.gen(function* () {
      const { log } = yield* observe(inTurn(answer(429), answer(204)))
      assert.deepStrictEqual(log, ["Debug Sending again in 0", "Debug Send accepted"])
    }),
  )
})
