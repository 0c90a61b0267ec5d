/**
 * The status of a response is the verdict: a body that hangs, breaks off or was read by the application changes nothing,
 * and neither does a deadline. Only a body that is not an acceptance makes a 2xx unknown.
 */
import { SentClient, type SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Layer } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"
import { type Play, wire } from "./support/wire.ts"

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

const write =
  (text: string): Play =>
  (socket) => {
    socket.write(text)
  }

const writeAndEnd =
  (text: string): Play =>
  (socket) => {
    socket.end(text)
  }

const writeAndReset =
  (text: string): Play =>
  (socket) => {
    socket.write(text, () => setImmediate(() => socket.resetAndDestroy()))
  }

const json = "content-type: application/json\r\n"

const head = (status: number, headers: string): string =>
  `HTTP/1.1 ${status} Status\r\n${headers}\r\n`

const whole = (status: number, headers: string, body: string): Play =>
  write(`${head(status, `${headers}content-length: ${Buffer.byteLength(body)}\r\n`)}${body}`)

const chunked = (status: number, headers: string, chunks: string): string =>
  `${head(status, `${headers}transfer-encoding: chunked\r\n`)}${chunks}`

const accepted = "accepted"
const unexpected = "unknown: UnexpectedResponse"

const refusal = JSON.stringify({ status: 400, title: "Bad Request", detail: "No" })

const jsonThatHangs = (status: number): Play =>
  write(`${head(status, `${json}content-length: 9\r\n`)}{`)

const rows: ReadonlyArray<readonly [title: string, play: Play, claim: string]> = [
  ["204", write(head(204, "")), accepted],
  ["204 with a body that hangs", write(`${head(204, `${json}content-length: 9\r\n`)}{`), accepted],
  ["205 with a body that hangs", write(chunked(205, "", "")), accepted],
  ["200 of length 0", whole(200, "", ""), accepted],
  ["200 of length 0, typed as HTML", whole(200, "content-type: text/html\r\n", ""), accepted],
  ["202 with an empty chunked body", write(chunked(202, "", "0\r\n\r\n")), accepted],
  [
    "202 with an empty chunked body, typed as text",
    write(chunked(202, "content-type: text/plain\r\n", "0\r\n\r\n")),
    unexpected,
  ],

  ["200 with a JSON object", whole(200, json, "{}"), accepted],
  [
    "200 with a JSON object that has a title",
    whole(200, json, '{"status":"queued","title":"Queued","detail":"Later"}'),
    accepted,
  ],
  [
    "200 with a JSON array, typed with a charset",
    whole(200, json.replace("json", "json; charset=utf-8"), "[]"),
    accepted,
  ],
  [
    "200 with JSON of another kind",
    whole(200, "content-type: application/vnd.sent+json\r\n", "{}"),
    accepted,
  ],
  [
    "200 with JSON of 100 KB",
    whole(200, json, JSON.stringify({ a: "x".repeat(100_000) })),
    accepted,
  ],
  ["200 with JSON that hangs", jsonThatHangs(200), accepted],
  [
    "200 with JSON that ends early",
    writeAndEnd(`${head(200, `${json}content-length: 9\r\n`)}{`),
    accepted,
  ],
  [
    "200 with JSON that is reset",
    writeAndReset(`${head(200, `${json}content-length: 9\r\n`)}{`),
    accepted,
  ],
  ["200 with a malformed chunk", writeAndEnd(chunked(200, json, "zzz\r\n")), accepted],
  [
    "200 with JSON that is not gzip as declared",
    whole(200, `${json}content-encoding: gzip\r\n`, "not gzip"),
    accepted,
  ],
  ["200 without a type, JSON", whole(200, "", "{}"), accepted],
  ["200 without a type that hangs", write(`${head(200, "content-length: 9\r\n")}<`), accepted],
  [
    "200 without a type that ends early",
    writeAndEnd(`${head(200, "content-length: 9\r\n")}<`),
    accepted,
  ],

  ["200 with a refusal", whole(200, json, refusal), unexpected],
  [
    "200 with a refusal, as a problem",
    whole(200, "content-type: application/problem+json\r\n", refusal),
    unexpected,
  ],
  ["200 with a refusal, without a type", whole(200, "", refusal), unexpected],
  ["200 with a refusal after a byte order mark", whole(200, json, `\uFEFF${refusal}`), unexpected],
  [
    "200 with a refusal by its status code",
    whole(200, json, '{"statusCode":400,"message":"One or more errors occurred!"}'),
    unexpected,
  ],
  [
    "200 with nothing but field errors",
    whole(200, json, '{"errors":{"phoneNumber":["is required"]}}'),
    unexpected,
  ],
  [
    "200 with the words of a refusal",
    whole(200, json, '{"detail":"Template not found"}'),
    unexpected,
  ],
  ["200 with HTML", whole(200, "content-type: text/html\r\n", "<html>"), unexpected],
  [
    "200 with HTML that hangs",
    write(`${head(200, "content-type: text/html\r\ncontent-length: 9\r\n")}<`),
    unexpected,
  ],
  ["200 with a text", whole(200, "content-type: text/plain\r\n", "ok"), unexpected],
  ["200 typed as JSON that is not JSON", whole(200, json, "nope"), unexpected],
  // Over HTTP/2, undici hands over a body that was cut off as a whole one.
  ["200 typed as JSON that ends too early", whole(200, json, '{"id":"8ba7'), "accepted"],
  ["200 without a type, HTML", whole(200, "", "<html>"), unexpected],
  [
    "200 without a type, HTML up to the end of the connection",
    writeAndEnd(`${head(200, "")}<html>`),
    unexpected,
  ],

  ["400 that hangs", jsonThatHangs(400), "not-sent: RequestRejected"],
  [
    "429 that ends early",
    writeAndEnd(`${head(429, `${json}content-length: 9\r\n`)}{`),
    "not-sent: RateLimited",
  ],
  [
    "500 that is reset",
    writeAndReset(`${head(500, `${json}content-length: 9\r\n`)}{`),
    "unknown: ServerFailed",
  ],
]

// -----------------------------------------------------------------------------
// What applications do with a response before the library has it
// -----------------------------------------------------------------------------

type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const taps: ReadonlyArray<readonly [title: string, change: Change]> = [
  ["a plain client", (client) => client],
  [
    "a client whose tap reads the text",
    HttpClient.tap(({ text }) => Effect.ignore(Effect.timeout(text, "100 millis"))),
  ],
]

const around = (change: Change, http: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)).pipe(
    Layer.provide(http),
  )

const claimOf = (sending: Effect.Effect<unknown, SentError.SentError, SentClient.SentClient>) =>
  sending.pipe(
    Effect.as(accepted),
    Effect.catchTag("SentError", ({ delivery, reason }) =>
      Effect.succeed(`${delivery}: ${reason._tag}`),
    ),
  )

/** Moves the clock until an effect ends, and returns how long it took after the head of the response. */
const afterHead = <A, E, R>(effect: (arrived: Effect.Effect<void>) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const arrived = yield* Deferred.make<number>()
    const fiber = yield* Effect.forkChild(
      effect(
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.asVoid(Deferred.succeed(arrived, now)),
        ),
      ),
    )
    const at = yield* Deferred.await(arrived)
    const moving = yield* Effect.forkChild(
      Effect.forever(Effect.andThen(TestClock.adjust("100 millis"), Effect.yieldNow)),
    )
    const result = yield* Fiber.join(fiber)
    yield* Fiber.interrupt(moving)
    return { result, took: (yield* Clock.currentTimeMillis) - at }
  })

const arrives =
  (arrived: Effect.Effect<void>): Change =>
  (client) =>
    HttpClient.tap(client, () => arrived)

/** Sends to a server that plays this. It is back once the head of the response has arrived. */
const sendUntilHead = Effect.fnUntraced(function* (
  play: Play,
  http: Layer.Layer<HttpClient.HttpClient>,
  options?: { readonly deadline: "500 millis" },
) {
  const server = yield* wire(play)
  const arrived = yield* Deferred.make<void>()
  const sending = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
    Effect.provide(
      clientLayer(around(arrives(Effect.asVoid(Deferred.succeed(arrived, undefined))), http), {
        baseUrl: server.baseUrl,
        ...options,
      }),
    ),
    Effect.forkChild,
  )
  yield* Deferred.await(arrived)
  return sending
})

describe.each(clients)(
  "a response that the application's own tap waits for, over %s",
  (_, http) => {
    it.effect.each<readonly [title: string, play: Play, claim: string]>([
      ["200 with JSON", jsonThatHangs(200), accepted],
      ["400 with JSON", jsonThatHangs(400), "not-sent: RequestRejected"],
      ["500 with JSON", jsonThatHangs(500), "unknown: ServerFailed"],
    ])("has the verdict of its head when the time is over: %s that hangs", ([, play, claim]) =>
      Effect.gen(function* () {
        const server = yield* wire(play)
        const { result } = yield* afterHead((arrived) =>
          claimOf(SentClient.sendToPhone(sample)).pipe(
            Effect.provide(
              clientLayer(
                around(
                  (client) => HttpClient.tap(arrives(arrived)(client), ({ text }) => text),
                  http,
                ),
                { baseUrl: server.baseUrl, timeout: "30 seconds" },
              ),
            ),
          ),
        )
        assert.strictEqual(result, claim)
      }),
    )
  },
)

describe.each(clients)("a response, over %s", (_, http) => {
  describe.each(taps)("and %s", (__, change) => {
    it.effect.each(rows)("%s", ([, play, claim]) =>
      Effect.gen(function* () {
        const server = yield* wire(play)
        const { result } = yield* afterHead((arrived) =>
          claimOf(SentClient.sendToPhone(sample)).pipe(
            Effect.provide(
              clientLayer(
                around((client) => change(arrives(arrived)(client)), http),
                {
                  baseUrl: server.baseUrl,
                  timeout: "1000 days",
                  deadline: "1000 days",
                },
              ),
            ),
          ),
        )
        assert.strictEqual(result, claim)
        assert.strictEqual(server.requests.length, 1)
      }),
    )
  })

  it.effect.each([
    ["205", write(chunked(205, "", ""))],
    ["200 of length 0", whole(200, json, "")],
  ] as const)("is not waited for: %s", ([, play]) =>
    Effect.gen(function* () {
      const server = yield* wire(play)
      // The clock stands still.
      const claim = yield* claimOf(SentClient.sendToPhone(sample)).pipe(
        Effect.provide(clientLayer(http, { baseUrl: server.baseUrl })),
      )
      assert.strictEqual(claim, accepted)
    }),
  )

  it.effect.each([
    ["200", jsonThatHangs(200), accepted],
    ["403", write(`${head(403, `${json}content-length: 9\r\n`)}{`), "not-sent: AccessDenied"],
    [
      "200 with HTML",
      write(`${head(200, "content-type: text/html\r\ncontent-length: 9\r\n")}<`),
      unexpected,
    ],
  ] as const)("is waited for a second at most: %s", ([, play, claim]) =>
    Effect.gen(function* () {
      const sending = yield* sendUntilHead(play, http)
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(sending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(sending), claim)
    }),
  )

  it.effect.each([
    ["200", jsonThatHangs(200), accepted],
    ["403", write(`${head(403, `${json}content-length: 9\r\n`)}{`), "not-sent: AccessDenied"],
    ["500", jsonThatHangs(500), "unknown: ServerFailed"],
    [
      "200 with HTML",
      write(`${head(200, "content-type: text/html\r\ncontent-length: 9\r\n")}<`),
      unexpected,
    ],
  ] as const)("is the verdict also if the deadline passes in its body: %s", ([, play, claim]) =>
    Effect.gen(function* () {
      const sending = yield* sendUntilHead(play, http, { deadline: "500 millis" })
      yield* Effect.yieldNow
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(sending), claim)
    }),
  )
})

describe("a body that a foreign reader has locked", () => {
  it.effect("changes nothing of what the status says", () =>
    Effect.gen(function* () {
      const [, http] = clients[0] ?? assert.fail("no client")
      for (const [play, claim] of [
        [whole(200, json, "{}"), accepted],
        [whole(429, json, refusal), "not-sent: RateLimited"],
      ] as const) {
        const server = yield* wire(play)
        const locking = around(
          HttpClient.tap((response) =>
            Effect.sync(() => {
              const source: unknown = Reflect.get(response, "source")
              assert.instanceOf(source, Response)
              source.body?.getReader()
            }),
          ),
          http,
        )
        const sending = claimOf(SentClient.sendToPhone(sample)).pipe(
          Effect.provide(clientLayer(locking, { baseUrl: server.baseUrl })),
        )
        assert.strictEqual(yield* sending, claim)
      }
    }),
  )
})
