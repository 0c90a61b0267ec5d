import { SentCredentials, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { inspect } from "node:util"
import { credentials } from "@effect-sent/faults/sample"

const get = Effect.flatMap(SentCredentials.SentCredentials, (service) => service.get)

const reveal = (given: SentCredentials.Credentials) => ({
  senderId: Redacted.value(given.senderId ?? Redacted.make("")),
  apiKey: Redacted.value(given.apiKey),
})

describe("credentials", () => {
  it.effect("are taken plain or redacted", () =>
    Effect.gen(function* () {
      const redacted = {
        senderId: Redacted.make(credentials.senderId),
        apiKey: Redacted.make(credentials.apiKey),
      }
      for (const input of [credentials, redacted]) {
        const given = yield* get.pipe(Effect.provide(SentCredentials.layer(input)))
        assert.deepStrictEqual(reveal(given), credentials)
      }
    }),
  )

  it.effect("can be read from other names of the configuration", () =>
    Effect.gen(function* () {
      const given = yield* get.pipe(
        Effect.provide(
          SentCredentials.layerConfig({
            senderId: Config.String("MY_SENDER"),
            apiKey: Config.Redacted("MY_KEY"),
          }),
        ),
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromUnknown({
            MY_SENDER: credentials.senderId,
            MY_KEY: credentials.apiKey,
          }),
        ),
      )
      assert.deepStrictEqual(reveal(given), credentials)
    }),
  )

  it.effect("do not show when they are printed", () =>
    Effect.gen(function* () {
      const given = yield* SentCredentials.make(credentials)
      for (const shown of [
        Object.values(given).join(" "),
        JSON.stringify(given),
        inspect(given, { depth: 9 }),
      ]) {
        assert.notInclude(shown, credentials.senderId)
        assert.notInclude(shown, credentials.apiKey)
      }
    }),
  )

  const visible =
    "apiKey must be visible ASCII characters, without spaces or line breaks, and not be empty"
  it.effect.each([
    {
      senderId: "acme-inc-4711",
      apiKey: "k",
      description: /^invalid options: senderId must be a GUID/,
    },
    {
      senderId: `${credentials.senderId}\n`,
      apiKey: "k",
      description: /^invalid options: senderId must be a GUID/,
    },
    { senderId: credentials.senderId, apiKey: "", description: visible },
    { senderId: credentials.senderId, apiKey: "sk_secret\n", description: visible },
    { senderId: credentials.senderId, apiKey: "sk secret", description: visible },
    { senderId: credentials.senderId, apiKey: "sk_sécret", description: visible },
    {
      senderId: "",
      apiKey: "",
      description: /^invalid options: senderId must be .*; apiKey must be /,
    },
  ])("malformed ones fail the layer without being shown: %#", ({ apiKey, description, senderId }) =>
    Effect.gen(function* () {
      const error = yield* Layer.build(SentCredentials.layer({ apiKey, senderId })).pipe(
        Effect.flip,
      )
      assert.instanceOf(error.reason, SentError.InvalidOptions)
      const { message } = error.reason
      if (typeof description === "string") assert.include(message, description)
      else assert.match(message, description)
      assert.strictEqual(error.delivery, "not-sent")
      assert.strictEqual(error.attempts, 0)
      for (const secret of [senderId, apiKey].filter((value) => value.length > 3)) {
        assert.notInclude(inspect(error, { depth: 9 }) + error.message, secret.trim())
      }
    }),
  )
})
