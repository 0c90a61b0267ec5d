/** The application of `application.ts` over real sockets, with the mock: every layer is built, and an update comes back. */
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { App } from "../application.ts"

describe("application.ts", () => {
  it.live("notifies, follows the message, and says whose mistake it is", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const server = yield* Layer.build(NodeHttpServer.layer(createServer, { port: 0 }))
      yield* Effect.gen(function* () {
        const { address } = yield* HttpServer.HttpServer
        const url = `http://127.0.0.1:${"port" in address ? address.port : 0}`
        yield* Layer.build(App).pipe(
          Effect.provide(
            ConfigProvider.layer(
              ConfigProvider.fromEnv({
                env: {
                  SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
                  SENT_API_KEY: "any",
                  SENT_BASE_URL: mock.baseUrl,
                  PUBLIC_URL: `${url}/webhooks/sent`,
                  TRACKER_SECRET: "a secret of at least thirty-two characters",
                  DATABASE_FILE: ":memory:",
                },
              }),
            ),
          ),
        )
        const notify = (body: string) =>
          Effect.promise(() => fetch(`${url}/orders/12345/notify`, { method: "POST", body }))
        const accepted = yield* notify("+15005552040")
        assert.deepStrictEqual(yield* Effect.promise(() => accepted.json()), {
          delivery: "accepted",
        })
        yield* mock.clock.advance("1 hour")
        const { updates } = yield* mock.expectOne({ phoneNumber: "+15005552040" })
        assert.deepStrictEqual(
          updates.map(({ attempts }) => attempts.map((one) => one.status)),
          updates.map(() => [204]),
        )
        assert.strictEqual((yield* notify("+15005554004")).status, 422)
        assert.strictEqual((yield* notify("+15005554006")).status, 503)
      }).pipe(Effect.provide(server))
    }),
  )
})
