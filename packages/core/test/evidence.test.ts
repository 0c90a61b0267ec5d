/**
 * What is seen of a connect that nobody answers: the message was not sent, although no error says so. Over each HTTP
 * client, and for many messages at a time, since each event has to be matched to its attempt.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { RetryPolicy, SentClient, SentCredentials, type SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schedule } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { connect, type Socket } from "node:net"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { credentials, sample } from "@effect-sent/faults/sample"
import { isSupported, unanswered } from "./support/unanswered.ts"
import { answer, wire } from "./support/wire.ts"

const keepAlive = NodeHttpClient.layerNodeHttpNoAgent.pipe(
  Layer.provide(NodeHttpClient.layerAgentOptions({ keepAlive: true })),
)

const everyClient = [...clients, ["node:http with keep-alive", keepAlive]] as const

/** Waits until this many more sockets were opened by the process. */
const sockets = (count: number) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      let opened = 0
      const onSocket = () => {
        opened += 1
      }
      subscribe("net.client.socket", onSocket)
      return { isEnough: () => opened >= count, onSocket }
    }),
    ({ isEnough }) =>
      Effect.callback<void>((resume) => {
        // Once more after the last one: node:http hands a socket to its request a moment later.
        const look = () =>
          isEnough() ? setImmediate(() => resume(Effect.void)) : setImmediate(look)
        look()
      }),
    ({ onSocket }) => Effect.sync(() => unsubscribe("net.client.socket", onSocket)),
  )

const claimOf = (sending: Effect.Effect<unknown, SentError.SentError, SentClient.SentClient>) =>
  sending.pipe(
    Effect.as("accepted"),
    Effect.catchTag("SentError", ({ delivery, isRetryable, reason }) =>
      Effect.succeed(
        `${delivery}, ${isRetryable ? "retryable" : "final"}: ${reason.message.replace(/ to 127\.0\.0\.1:\d+/, "")}`,
      ),
    ),
  )

/** What is said of this many messages that are sent at the same time. */
const claimsOf = (count: number) =>
  Effect.all(
    Array.from({ length: count }, () => claimOf(SentClient.sendToPhone(sample))),
    { concurrency: "unbounded" },
  )

/** A client with a new key for each send: with one that is not proved good, three would be on their way at a time. */
const crowdLayer = (http: Layer.Layer<HttpClient.HttpClient>, options: SentClient.Options) => {
  let keys = 0
  const changing = Layer.succeed(SentCredentials.SentCredentials, {
    get: Effect.suspend(() =>
      SentCredentials.make({ ...credentials, apiKey: `${credentials.apiKey}_${(keys += 1)}` }),
    ),
  })
  return SentClient.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
    Layer.provide(changing),
    Layer.provide(http),
  )
}

const connecting = "not-sent, retryable: timed out after 5s while connecting"

describe.skipIf(!isSupported).each(everyClient)(
  "a connect that nobody answers, over %s",
  (_, http) => {
    it.effect.each([
      ["the time-out", { timeout: "5 seconds" }],
      ["the deadline", { deadline: "5 seconds" }],
    ] as const)("is not sent when %s passes, with a hundred at a time", ([, options]) =>
      Effect.gen(function* () {
        const { port, wake } = yield* unanswered
        const opened = yield* Effect.forkChild(sockets(100))
        const sending = yield* claimsOf(100).pipe(
          Effect.provide(crowdLayer(http, { baseUrl: `http://127.0.0.1:${port}`, ...options })),
          Effect.forkChild,
        )
        yield* Fiber.join(opened)
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(new Set(yield* Fiber.join(sending)), new Set([connecting]))
        assert.deepStrictEqual(yield* wake, [])
      }),
    )

    it.effect("is told from requests that are on their way at the same time", () =>
      Effect.gen(function* () {
        const { port } = yield* unanswered
        const silent = yield* wire(() => undefined)
        const quick = yield* wire(answer(204))
        const dead = yield* Effect.scoped(wire(answer(204)))
        // One client for all, so that they share what it has.
        const shared = Layer.succeed(HttpClient.HttpClient, yield* HttpClient.HttpClient)
        const kinds = [
          [`http://127.0.0.1:${port}`, connecting],
          [silent.baseUrl, "unknown, final: timed out after 5s without a response"],
          [quick.baseUrl, "accepted"],
          [dead.baseUrl, "not-sent, retryable: connection failed (connect: ECONNREFUSED)"],
        ] as const
        const opened = yield* Effect.forkChild(sockets(100))
        const sending = yield* Effect.forEach(
          Array.from({ length: 100 }, (__, index) => kinds[index % kinds.length] ?? kinds[0]),
          ([baseUrl, expected]) =>
            claimOf(SentClient.sendToPhone(sample)).pipe(
              Effect.provide(clientLayer(shared, { baseUrl, timeout: "5 seconds" })),
              Effect.map((claim) => [claim, expected]),
            ),
          { concurrency: "unbounded" },
        ).pipe(Effect.forkChild)
        yield* Fiber.join(opened)
        yield* Effect.callback<void>((resume) => {
          const look = () =>
            silent.requests.length === 25 && quick.requests.length === 25
              ? resume(Effect.void)
              : setImmediate(look)
          look()
        })
        yield* TestClock.adjust("5 seconds")
        for (const [claim, expected] of yield* Fiber.join(sending)) {
          assert.strictEqual(claim, expected)
        }
      }).pipe(Effect.provide(http)),
    )

    it.effect("is retried by a policy that retries what was not sent", () =>
      Effect.gen(function* () {
        const { port } = yield* unanswered
        const again = RetryPolicy.make({ times: 1, schedule: Schedule.forever })
        const opened = yield* Effect.forkChild(sockets(1))
        const sending = yield* SentClient.sendToPhone(sample, { retryPolicy: again }).pipe(
          Effect.provide(
            clientLayer(http, { baseUrl: `http://127.0.0.1:${port}`, timeout: "5 seconds" }),
          ),
          Effect.flip,
          Effect.forkChild,
        )
        yield* Fiber.join(opened)
        const openedAgain = yield* Effect.forkChild(sockets(1))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(openedAgain)
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(sending)
        assert.deepStrictEqual([error.attempts, error.delivery], [2, "not-sent"])
      }),
    )
  },
)

/** Accepts connections, and says nothing: a TLS handshake with it never ends. */
const mute = Effect.map(
  wire(() => undefined),
  (server) => ({ ...server, baseUrl: server.baseUrl.replace("http:", "https:") }),
)

describe.each(everyClient)("what was seen, over %s", (name, http) => {
  it.effect("proves that a TLS handshake that never ends was not followed by a request", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* mute
      const opened = yield* Effect.forkChild(sockets(20))
      const sending = yield* claimsOf(20).pipe(
        Effect.provide(crowdLayer(http, { baseUrl, timeout: "5 seconds" })),
        Effect.forkChild,
      )
      yield* Fiber.join(opened)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(new Set(yield* Fiber.join(sending)), new Set([connecting]))
    }),
  )

  it.effect(
    "outweighs an error that says that nothing was written, also on a reused connection",
    () =>
      Effect.gen(function* () {
        let requests = 0
        const connections = new Set<Socket>()
        const server = yield* wire((socket) => {
          requests += 1
          connections.add(socket)
          if (requests === 1) socket.write("HTTP/1.1 204 No Content\r\n\r\n")
          else socket.resetAndDestroy()
        })
        const lying = Layer.effect(
          HttpClient.HttpClient,
          Effect.map(
            HttpClient.HttpClient,
            HttpClient.transformResponse(
              Effect.mapError(
                ({ request }) =>
                  new HttpClientError.HttpClientError({
                    reason: new HttpClientError.TransportError({
                      request,
                      cause: { code: "ECONNREFUSED", syscall: "connect" },
                    }),
                  }),
              ),
            ),
          ),
        ).pipe(Layer.provide(http))
        const claims = yield* Effect.all([
          claimOf(SentClient.sendToPhone(sample)),
          claimOf(SentClient.sendToPhone(sample)),
        ]).pipe(Effect.provide(clientLayer(lying, { baseUrl: server.baseUrl })))
        assert.strictEqual(requests, 2)
        // An empty body is read to its end, or node:http would drop its connection.
        if (name === "node:http with keep-alive") assert.strictEqual(connections.size, 1)
        assert.deepStrictEqual(claims, [
          "accepted",
          "unknown, final: connection lost (ECONNREFUSED)",
        ])
      }),
  )

  it.effect.each([
    [
      "a reset",
      (socket: Socket): void => {
        socket.resetAndDestroy()
      },
      "not-sent, retryable: connection failed (connect: ECONNRESET)",
    ],
    // A fatal alert: internal_error.
    [
      "an alert",
      (socket: Socket): void => {
        socket.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 80))
      },
      /^not-sent, final: connection failed \(tls: /,
    ],
  ] as const)(
    "proves that a handshake that ends with %s was not followed by a request",
    ([, play, claim]) =>
      Effect.gen(function* () {
        const server = yield* wire(play, (received) => received.length > 0)
        const claimed = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
          Effect.provide(clientLayer(http, { baseUrl: server.baseUrl.replace("http:", "https:") })),
        )
        if (typeof claim === "string") assert.strictEqual(claimed, claim)
        else assert.match(claimed, claim)
      }),
  )

  it.effect("proves nothing where a socket of something else was opened meanwhile", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* mute
      const server = yield* wire(() => undefined)
      const speaking = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.transform((sending) =>
            Effect.andThen(
              Effect.sync(() => {
                const socket = connect(server.port, "127.0.0.1")
                socket.on("error", () => undefined)
                socket.end("POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
              }),
              sending,
            ),
          ),
        ),
      ).pipe(Layer.provide(http))
      const opened = yield* Effect.forkChild(sockets(2))
      const sending = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
        Effect.provide(clientLayer(speaking, { baseUrl, timeout: "5 seconds" })),
        Effect.forkChild,
      )
      yield* Fiber.join(opened)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(
        yield* Fiber.join(sending),
        "unknown, final: timed out after 5s without a response",
      )
    }),
  )
})

describe("evidence of some requests", () => {
  it.effect("proves nothing of a request that waits in the queue of a pool", () =>
    Effect.gen(function* () {
      const { baseUrl } = yield* mute
      const http = NodeHttpClient.layerUndiciOptions({ connections: 1 })
      const opened = yield* Effect.forkChild(sockets(1))
      const sending = yield* claimsOf(5).pipe(
        Effect.provide(crowdLayer(http, { baseUrl, timeout: "5 seconds" })),
        Effect.forkChild,
      )
      yield* Fiber.join(opened)
      yield* TestClock.adjust("5 seconds")
      const claims = yield* Fiber.join(sending)
      assert.strictEqual(claims.filter((claim) => claim === connecting).length, 1)
    }),
  )

  it.effect("proves nothing if another request of the attempt was written", () =>
    Effect.gen(function* () {
      const server = yield* mute
      const aux = yield* wire(answer(200))
      const asking = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, (client) =>
          HttpClient.transform(client, (sending) =>
            Effect.andThen(client.post(aux.baseUrl), sending),
          ),
        ),
      ).pipe(Layer.provide(NodeHttpClient.layerUndici))
      const sending = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
        Effect.provide(
          clientLayer(asking, {
            baseUrl: server.baseUrl,
            timeout: "5 seconds",
          }),
        ),
        Effect.forkChild,
      )
      yield* Effect.callback<void>((resume) => {
        const look = () => (server.open.size > 0 ? resume(Effect.void) : setImmediate(look))
        look()
      })
      assert.strictEqual(aux.requests.length, 1)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(
        yield* Fiber.join(sending),
        "unknown, final: timed out after 5s without a response",
      )
    }),
  )
})

describe("what was not seen", () => {
  it.effect("proves nothing: a client of its own that never answers may have sent", () =>
    Effect.gen(function* () {
      const silent = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.never),
      )
      const sending = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
        Effect.provide(clientLayer(silent, { timeout: "5 seconds" })),
        Effect.forkChild,
      )
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(
        yield* Fiber.join(sending),
        "unknown, final: timed out after 5s without a response",
      )
    }),
  )
})
