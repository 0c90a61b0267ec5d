/** The mock answers every request according to its contract, and neither answers nor logs contain a secret. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it, layer } from "@effect/vitest"
import { Arbitrary, Effect, Logger, References, Schema } from "effect"
import { inspect } from "node:util"
import { credentials, post, sample } from "./support/calls.ts"

const secrets = {
  apiKey: "sk_live_Quixotic.Jabberwock$42",
  senderId: "c0ffee00-dead-4bad-8bad-feedfacecafe",
  digits: "4915550199337",
  value: "Zephyrine",
}

const bodies: ReadonlyArray<unknown> = [
  { ...sample, phoneNumber: `+${secrets.digits}`, messageBody: { name: secrets.value } },
  { ...sample, phoneNumber: secrets.digits },
  { phoneNumber: `+${secrets.digits} `, templateId: secrets.value, webhookUrl: secrets.value },
  { messageBody: secrets.value },
  `{"phoneNumber":"+${secrets.digits}"`,
  `{"phoneNumber":"+${secrets.digits}" "${secrets.value}"}`,
  secrets.value,
]

describe("privacy", () => {
  it.effect("no answer and no log line contains a key, a phone number or a template value", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const logger = Logger.make((options) => {
        log.push(inspect(options.message, { depth: 9 }), Logger.formatJson.log(options))
      })
      const answers: Array<string> = []
      yield* Effect.gen(function* () {
        const mock = yield* MockServer.make()
        for (const body of bodies) {
          for (const headers of [
            { "x-api-key": secrets.apiKey, "x-sender-id": secrets.senderId },
            { "x-api-key": `${secrets.apiKey} x`, "x-sender-id": secrets.senderId },
            { "x-api-key": secrets.apiKey, "x-sender-id": `${secrets.senderId}0` },
          ]) {
            answers.push(inspect(yield* post(mock, body, headers)))
          }
        }
      }).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All"),
      )
      assert.strictEqual(answers.length, bodies.length * 3)
      assert.isAtLeast(log.length, answers.length)
      for (const text of [...answers, ...log]) {
        for (const secret of Object.values(secrets)) assert.notInclude(text, secret)
      }
    }),
  )
})

const anything = Arbitrary.schema(
  Schema.Union([
    Schema.String,
    Schema.fromJsonString(Schema.Unknown),
    Schema.Record(Schema.String, Schema.String),
  ]),
)

/** Any value that a header can have. */
const headerValue = Arbitrary.schema(Schema.String.check(Schema.isPattern(/^[ -~]{0,30}$/)))

const codes = [204, 400, 401, 403, 404, 413, 415, 429, 500, 503]

layer(MockServer.layer())("any request", (suite) => {
  suite.effect.prop(
    "is answered according to the contract",
    { body: anything, type: headerValue, prefer: headerValue, accept: headerValue },
    ({ accept, body, prefer, type }) =>
      Effect.gen(function* () {
        const mock = yield* MockServer.MockServer
        const headers = { ...credentials, "content-type": type, prefer, accept }
        const answer = yield* post(mock, body, headers)
        assert.include(codes, answer.status)
        if (answer.body !== "") assert.isObject(JSON.parse(answer.body))
      }),
    { arbitrary: { runs: 300 }, timeout: 30_000 },
  )
})
