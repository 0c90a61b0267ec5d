/** The token of a callback URL: who reads logs and traces must not be able to forge updates with it. */
import {
  DeliveryStore,
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { credentials, sample } from "@effect-sent/faults/sample"
import { listen, serveRoutes } from "./support/webhookForms.ts"

const { webhookUrl: _, ...input } = sample

/** What an OpenTelemetry collector receives: a path and a body for each request. */
const collector = Effect.gen(function* () {
  const received: Array<string> = []
  const url = yield* listen(async (request, response) => {
    const chunks = await request.setEncoding("utf8").toArray()
    received.push(`${request.url} ${chunks.join("")}`)
    response.end("{}")
  })
  return { received, baseUrl: new URL(url).origin }
})

const post = (url: string, init: RequestInit = {}) =>
  Effect.promise(() =>
    fetch(url, { method: "POST", body: update, ...init }).then(
      ({ status }) => status,
      () => "aborted" as const,
    ),
  )

const update = JSON.stringify({
  field: "message",
  timestamp: "2030-01-01T00:00:00Z",
  payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "SENT" },
})

/** A store that fails when it is to keep an update, and then hangs. */
const troubledStore = Effect.map(
  DeliveryStore.makeMemory(),
  (store): DeliveryStore.DeliveryStore["Service"] => {
    let writes = 0
    return {
      ...store,
      append: (send) => {
        writes += 1
        // The send and its outcome.
        if (writes <= 2) return store.append(send)
        const error = new DeliveryStore.DeliveryStoreError({ operation: "append", problem: "away" })
        return writes === 3 ? Effect.fail(error) : Effect.never
      },
    }
  },
)

describe("the token of a callback URL", () => {
  it.live("is in no span, log line or error of the server, whatever happens to the call", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const { baseUrl, received } = yield* collector
      const lines: Array<string> = []
      const Telemetry = Otlp.layerJson({
        baseUrl,
        resource: { serviceName: "app" },
        loggerMergeWithExisting: true,
      }).pipe(
        Layer.provide(FetchHttpClient.layer),
        Layer.provideMerge(
          Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
        ),
      )
      const store = yield* troubledStore
      const Sent = SentClient.layer({ baseUrl: mock.baseUrl, retryPolicy: RetryPolicy.none }).pipe(
        Layer.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
      )
      const publicUrl = "https://app.example.com/hooks/sent"

      const token = yield* Effect.gen(function* () {
        const tracker = yield* DeliveryTracker.make({
          publicUrl,
          secret: "a secret of the tests, long enough to sign with",
          store,
          timeout: "200 millis",
        })
        const route = DeliveryTracker.route("/hooks/sent").pipe(
          Layer.provide(Layer.succeed(DeliveryTracker.DeliveryTracker, tracker)),
        )
        const served = yield* serveRoutes(route, { disableLogger: false })
        yield* tracker.sendToPhone({ ...input, phoneNumber: "+15005552045" })
        const { webhookUrl = "" } = yield* mock.expectMessage({})
        const url = webhookUrl.replace(publicUrl, served)

        assert.strictEqual(yield* post(url), 500)
        assert.strictEqual(yield* post(url, { signal: AbortSignal.timeout(100) }), "aborted")
        assert.strictEqual(yield* post(url), 500)
        assert.strictEqual(yield* post(url, { body: "{" }), 400)
        assert.strictEqual(yield* post(url, { body: "x".repeat(300_000) }), 413)
        assert.strictEqual(yield* post(url, { method: "PUT" }), 405)
        assert.strictEqual(yield* post(url.replace("/hooks/sent", "/elsewhere")), 404)
        assert.strictEqual(yield* post(`${url}A`), 401)
        return /[\w-]{72}$/.exec(url)?.[0] ?? ""
      }).pipe(Effect.provide(Layer.provideMerge(Sent, Telemetry)), Effect.scoped)

      assert.lengthOf(token, 72)
      const log = lines.join("\n")
      const exported = received.join("\n")
      for (const text of [log, exported]) {
        assert.include(text, "a delivery update was rejected")
        // Nor a part of it, or another spelling.
        for (let start = 0; start + 12 <= token.length; start += 6) {
          assert.notInclude(text, token.slice(start, start + 12))
        }
      }
      const spans = received.filter((request) => request.startsWith("/v1/traces")).join("\n")
      assert.include(spans, "/hooks/sent?sig=REDACTED")
      assert.include(spans, "/elsewhere?sig=REDACTED")
    }),
  )
})
