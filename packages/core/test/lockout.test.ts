/** Credentials that the service refuses are not sent for ever: ten failures in a row lock them at the provider. */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { keyed } from "./support/keyed.ts"
import { credentials, sample } from "./support/sample.ts"

/** Sends one message after the other over one client and says how each ended. */
const outcomes = (
  sends: number,
  statusOf: (key: string, request: number) => number,
  credentialsLayer: Layer.Layer<SentCredentials.SentCredentials, unknown> = SentCredentials.layer(
    credentials,
  ),
) =>
  Effect.gen(function* () {
    const service = keyed(statusOf)
    const ended = yield* Effect.gen(function* () {
      const { sendToPhone } = yield* SentClient.SentClient
      return yield* Effect.forEach(Array.from({ length: sends }), () =>
        sendToPhone(sample).pipe(
          Effect.map(() => "accepted"),
          Effect.catchTag("SentError", ({ attempts, delivery, reason }) =>
            Effect.succeed(
              reason._tag === "CredentialsUnavailable"
                ? `${reason._tag} ${delivery} ${attempts}`
                : reason._tag,
            ),
          ),
        ),
      )
    }).pipe(
      Effect.provide(
        SentClient.layer().pipe(Layer.provide(credentialsLayer), Layer.provide(service.layer)),
      ),
    )
    return { ended, requests: service.keys.length }
  })

const locked = "CredentialsUnavailable not-sent 0"

describe("after three 401s in a row", () => {
  it.effect("nothing more is put on the wire", () =>
    Effect.gen(function* () {
      const { ended, requests } = yield* outcomes(10, () => 401)
      assert.deepStrictEqual(ended.slice(0, 4), [
        "Unauthorized",
        "Unauthorized",
        "Unauthorized",
        locked,
      ])
      assert.deepStrictEqual(new Set(ended.slice(3)), new Set([locked]))
      assert.strictEqual(requests, 3)
    }),
  )

  it.effect("it goes on once the credentials have changed", () =>
    Effect.gen(function* () {
      let gets = 0
      const rotating = Layer.succeed(SentCredentials.SentCredentials, {
        get: Effect.suspend(() => {
          gets += 1
          return SentCredentials.make({
            ...credentials,
            apiKey: gets <= 5 ? "old" : "new",
          })
        }),
      })
      const { ended } = yield* outcomes(7, (key) => (key === "old" ? 401 : 204), rotating)
      assert.deepStrictEqual(ended, [
        "Unauthorized",
        "Unauthorized",
        "Unauthorized",
        locked,
        locked,
        "accepted",
        "accepted",
      ])
    }),
  )

  it.effect("the client says what to do", () =>
    Effect.gen(function* () {
      const error = yield* Effect.gen(function* () {
        const { sendToPhone } = yield* SentClient.SentClient
        for (let send = 0; send < 3; send++) yield* Effect.exit(sendToPhone(sample))
        return yield* Effect.flip(sendToPhone(sample))
      }).pipe(
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(keyed(() => 401).layer),
          ),
        ),
      )
      assert.strictEqual(
        error.message,
        "no usable credentials: the service refused these credentials 3 times in a row; nothing is sent with them until they change [not sent]",
      )
    }),
  )

  it.effect("another client still sends: what one learnt is its own", () =>
    Effect.gen(function* () {
      yield* outcomes(4, () => 401)
      const { requests } = yield* outcomes(1, () => 401)
      assert.strictEqual(requests, 1)
    }),
  )
})

describe("the row", () => {
  it.effect.each([204, 403])("is broken by a %i", (status) =>
    Effect.gen(function* () {
      const { requests } = yield* outcomes(8, (_, request) => (request === 3 ? status : 401))
      // Two, the answer that shows that they are good, and three more.
      assert.strictEqual(requests, 6)
    }),
  )

  // Each may come before the service has looked at the credentials, a 400 that names nothing, too.
  it.effect.each([400, 404, 408, 500])("is not broken by a %i", (status) =>
    Effect.gen(function* () {
      const { requests } = yield* outcomes(8, (_, request) => (request === 3 ? status : 401))
      assert.strictEqual(requests, 4)
    }),
  )
})
