/** What comes through from the application to core, and back: one message over `fetch`. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { RetryPolicy, SentClient, SentCredentials, SentError } from "@effect-sent/effect-3"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { assert, describe, it } from "vitest"
import { clientOf, credentials, message } from "./support/sample.ts"
import { startServer } from "./support/server.ts"

const send = SentClient.sendToPhone(message)

const failureOf = <A, E>(effect: Effect.Effect<A, E>): Promise<E> =>
  Effect.runPromise(Effect.flip(effect))

describe("a send", () => {
  it("has the credentials and the message, and a receipt", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    const receipt = await Effect.runPromise(Effect.provide(send, clientOf(server)))
    assert.strictEqual(receipt.status, 204)
    assert.strictEqual(receipt.attempts, 1)
    assert.closeTo(receipt.acceptedAt.epochMillis, Date.now(), 10_000)
    const [request] = server.requests
    assert.strictEqual(request?.url, "/v1/messages/phone")
    assert.strictEqual(request?.headers["x-api-key"], credentials.apiKey)
    assert.strictEqual(request?.headers["x-sender-id"], credentials.senderId)
    assert.strictEqual(request?.headers["content-type"], "application/json")
  })

  it("that is refused fails with a tagged reason, in core's words", async () => {
    await using server = await startServer((_, response) =>
      response
        .writeHead(429, { "content-type": "application/json", "retry-after": "60" })
        .end('{"status":429,"title":"Too Many Requests"}'),
    )
    const layer = clientOf(server, { retryPolicy: RetryPolicy.none })
    const error = await failureOf(Effect.provide(send, layer))
    assert.instanceOf(error, SentError.SentError)
    assert.instanceOf(error.reason, SentError.RateLimited)
    assert.strictEqual(error.delivery, "not-sent")
    assert.isTrue(error.isRetryable)
    assert.strictEqual(error.mendedBy, "time")
    assert.strictEqual(error.message, "rate limited (429): retry after 1m [not sent]")
    const tags = await Effect.runPromise(
      send.pipe(
        Effect.as("accepted"),
        Effect.catchTag("SentError", ({ reason }) => Effect.succeed(reason._tag)),
        Effect.provide(layer),
      ),
    )
    assert.strictEqual(tags, "RateLimited")
    // One that the application makes, says the same of itself.
    const made = new SentError.SentError({ reason: error.reason, attempts: 1 })
    assert.strictEqual(made.message, error.message)
    assert.deepStrictEqual(JSON.stringify(made), JSON.stringify(error))
  })

  it("may have been sent after a reset", async () => {
    await using server = await startServer((request) => request.socket.resetAndDestroy())
    const error = await failureOf(Effect.provide(send, clientOf(server)))
    assert.strictEqual(error.reason._tag, "ConnectionLost")
    assert.strictEqual(error.delivery, "unknown")
    assert.lengthOf(server.requests, 1)
  })

  it("does not follow a redirect", async () => {
    await using other = await startServer((_, response) => response.writeHead(204).end())
    await using server = await startServer((_, response) =>
      response.writeHead(307, { location: other.baseUrl }).end(),
    )
    const error = await failureOf(Effect.provide(send, clientOf(server)))
    assert.strictEqual(error.reason._tag, "UnexpectedResponse")
    assert.lengthOf(other.requests, 0)
  })

  it("of an HTTP client that repeats is one request", async () => {
    await using server = await startServer((_, response) => response.writeHead(503).end())
    const repeating = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, (client) =>
        client.pipe(HttpClient.filterStatusOk, HttpClient.retry({ times: 3 })),
      ),
    ).pipe(Layer.provide(FetchHttpClient.layer))
    const logged: Array<unknown> = []
    const error = await failureOf(
      send.pipe(
        Effect.provide(clientOf(server, {}, repeating)),
        Effect.provide(collecting(logged)),
      ),
    )
    assert.strictEqual(error.reason._tag, "RequestRepeated")
    assert.strictEqual(error.delivery, "unknown")
    assert.lengthOf(server.requests, 1)
    assert.match(String(logged[0]), /^The HttpClient given to SentClient repeats/)
  })

  it("fails for every wrong field, and sends nothing", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    const error = await failureOf(
      SentClient.sendToPhone({ phoneNumber: "12", templateId: "" }).pipe(
        Effect.provide(clientOf(server)),
      ),
    )
    assert.strictEqual(error.reason._tag, "InvalidRequest")
    assert.lengthOf(server.requests, 0)
  })
})

/** Collects the messages that are logged. */
const collecting = (messages: Array<unknown>): Layer.Layer<never> =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message: text }) => void messages.push(...[text].flat())),
  )

describe("interruption", () => {
  it("aborts the request, and says that the message may have been sent", async () => {
    const arrived = Effect.runSync(Deferred.make<void>())
    const closed = Effect.runSync(Deferred.make<void>())
    await using server = await startServer((request) => {
      request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
      Deferred.unsafeDone(arrived, Effect.void)
    })
    const logged: Array<unknown> = []
    const exit = await Effect.gen(function* () {
      const fiber = yield* Effect.fork(send)
      yield* Deferred.await(arrived)
      const ended = yield* Fiber.interrupt(fiber)
      yield* Deferred.await(closed)
      return ended
    }).pipe(Effect.provide(clientOf(server)), Effect.provide(collecting(logged)), Effect.runPromise)
    assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
    assert.match(String(logged), /^Send interrupted while a request was on its way/)
  })

  it("of a fiber does not keep its finalizer from sending", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    await Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const waiting = Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
      const fiber = yield* Effect.fork(Effect.onInterrupt(waiting, () => Effect.orDie(send)))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(clientOf(server)), Effect.runPromise)
    assert.lengthOf(server.requests, 1)
  })

  it("of what cannot be interrupted is left to the time-out, which ends the request", async () => {
    await using server = await startServer(() => undefined)
    const error = await failureOf(
      send.pipe(Effect.uninterruptible, Effect.provide(clientOf(server, { timeout: 20 }))),
    )
    assert.strictEqual(error.reason._tag, "TimedOut")
  })
})

describe("what others see", () => {
  it("has the caller's span as parent, and no header in any span", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    const spans: Array<Tracer.Span> = []
    const native = Context.get(
      await Effect.runPromise(Effect.map(Effect.tracer, (one) => Context.make(Tracer.Tracer, one))),
      Tracer.Tracer,
    )
    const tracer = Tracer.make({
      context: (run) => run(),
      span: (...options) => {
        const span = native.span(...options)
        spans.push(span)
        return span
      },
    })
    await send.pipe(
      Effect.withSpan("caller"),
      Effect.provide(clientOf(server)),
      Effect.withTracer(tracer),
      Effect.runPromise,
    )
    assert.deepStrictEqual(
      spans.map(({ name }) => name),
      ["caller", "SentClient.sendToPhone", "POST /v1/messages/phone"],
    )
    for (const [index, span] of spans.entries()) {
      const parent = Option.getOrUndefined(span.parent)
      assert.strictEqual(parent?.spanId, spans[index - 1]?.spanId)
      assert.strictEqual(span.status._tag, "Ended")
    }
    const [, outer, attempt] = spans
    assert.strictEqual(outer?.attributes.get("sent.outcome"), "accepted")
    assert.strictEqual(attempt?.attributes.get("http.response.status_code"), 204)
    const all = spans.flatMap(({ attributes }) => Array.from(attributes))
    assert.notInclude(JSON.stringify(all), credentials.apiKey)
    assert.notInclude(JSON.stringify(all), credentials.senderId)
    assert.notInclude(JSON.stringify(all), "header")
    assert.notProperty(server.requests[0]?.headers, "traceparent")
  })

  it("is nothing private in the log", async () => {
    await using server = await startServer((_, response) => response.writeHead(500).end())
    const lines: Array<string> = []
    const logger = Logger.map(Logger.logfmtLogger, (line) => void lines.push(line))
    await failureOf(
      send.pipe(
        Effect.tapErrorCause(Effect.logError),
        Effect.provide(clientOf(server)),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.All),
      ),
    )
    const log = lines.join("\n")
    assert.include(log, "Send unknown")
    for (const secret of [credentials.apiKey, credentials.senderId, "1234567890", "John Doe"]) {
      assert.notInclude(log, secret)
    }
  })
})

const environment = (variables: Readonly<Record<string, string>>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

describe("a layer", () => {
  it("reads the environment", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    const variables = {
      SENT_SENDER_ID: credentials.senderId,
      SENT_API_KEY: credentials.apiKey,
      SENT_BASE_URL: server.baseUrl,
    }
    await send.pipe(
      Effect.provide(SentClient.layerEnv),
      Effect.provide(environment(variables)),
      Effect.runPromise,
    )
    assert.lengthOf(server.requests, 1)
  })

  it("names the variables that are not set", async () => {
    const error = await failureOf(
      send.pipe(Effect.provide(SentClient.layerEnv), Effect.provide(environment({}))),
    )
    assert.match(error.message, /SENT_SENDER_ID is not set.*SENT_API_KEY is not set/s)
  })

  it("fails for every wrong option", async () => {
    const options = { timeout: "soon", retryPolicy: RetryPolicy.make({ times: -1 }), deadlin: 1 }
    const error = await failureOf(
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong, as in JavaScript
      send.pipe(Effect.provide(clientOf({ baseUrl: "http://127.0.0.1:9999" }, options as never))),
    )
    assert.strictEqual(
      error.message,
      "invalid options: deadlin is not an option (did you mean deadline?); " +
        'timeout must be a finite duration above zero, e.g. "30 seconds" (got "soon"); ' +
        "retryPolicy.times must be a whole number, 0 or more (got -1) [not sent]",
    )
  })

  it("takes credentials that rotate", async () => {
    await using server = await startServer((request, response) =>
      response.writeHead(request.headers["x-api-key"] === "new" ? 204 : 401).end(),
    )
    let loads = 0
    const load = Effect.sync(() => {
      loads += 1
      return { ...credentials, apiKey: Redacted.make(loads === 1 ? "old" : "new") }
    })
    const layer = SentClient.layer({ baseUrl: server.baseUrl }).pipe(
      Layer.provide(SentCredentials.layerEffect({ load })),
      Layer.provide(FetchHttpClient.layer),
    )
    const { attempts } = await Effect.runPromise(Effect.provide(send, layer))
    assert.strictEqual(attempts, 2)
    assert.strictEqual(loads, 2)
  })

  it("takes credentials from a service of the application", async () => {
    await using server = await startServer((_, response) => response.writeHead(204).end())
    const layer = SentClient.layer({ baseUrl: server.baseUrl }).pipe(
      Layer.provide(
        Layer.succeed(SentCredentials.SentCredentials, {
          get: SentCredentials.make({ ...credentials, apiKey: "from-a-vault" }),
        }),
      ),
      Layer.provide(FetchHttpClient.layer),
    )
    await Effect.runPromise(Effect.provide(send, layer))
    assert.strictEqual(server.requests[0]?.headers["x-api-key"], "from-a-vault")
  })
})
