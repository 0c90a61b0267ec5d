/** Each missing or malformed credential has its own 401. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { assertProblem, credentials, path, sample } from "./support/calls.ts"
import { bytesOf, talk } from "@effect-sent/faults/rawClient"

const senderId = ["x-sender-id", credentials["x-sender-id"]] as const
const apiKey = ["x-api-key", credentials["x-api-key"]] as const

type Header = readonly [name: string, value: string]

/** A valid request except for the credentials. */
const withHeaders = (...headers: ReadonlyArray<Header>) =>
  Effect.gen(function* () {
    const { port } = yield* MockServer.MockServer
    const body = JSON.stringify(sample)
    const bytes = bytesOf({
      target: path,
      headers: [
        ["host", "localhost"],
        ["connection", "close"],
        ["content-type", "application/json"],
        ["content-length", String(body.length)],
        ...headers,
      ],
      body,
    })
    const [answer] = yield* talk(port, bytes)
    assert.isDefined(answer)
    return answer ?? { status: 0, headers: {}, body: "" }
  })

const refused: ReadonlyArray<readonly [string, ReadonlyArray<Header>, string]> = [
  ["no x-api-key", [senderId], "Header x-api-key not found"],
  ["an empty x-api-key", [senderId, ["x-api-key", ""]], "Header x-api-key not found"],
  ["no x-sender-id", [apiKey], "Header x-sender-id not found"],
  ["an empty x-sender-id", [apiKey, ["x-sender-id", " "]], "Header x-sender-id not found"],
  ["neither", [], "Header x-sender-id not found"],
  ["a sender id that is not a GUID", [["x-sender-id", "me"], apiKey], "Invalid x-sender-id"],
  [
    "a sender id in braces",
    [["x-sender-id", `{${credentials["x-sender-id"]}}`], apiKey],
    "Invalid x-sender-id",
  ],
  ["a key with a space in it", [senderId, ["x-api-key", "a b"]], "Invalid API credentials!"],
  ["a key that is not ASCII", [senderId, ["x-api-key", "sk_é"]], "Invalid API credentials!"],
  ["a malformed sender id and no key", [["x-sender-id", "me"]], "Invalid x-sender-id"],
]

layer(MockServer.layer())("a request", (it) => {
  it.effect.each(refused)("with %s is refused with its own detail", ([, headers, detail]) =>
    Effect.gen(function* () {
      const answer = yield* withHeaders(...headers)
      assert.strictEqual(assertProblem(answer, 401), detail)
    }),
  )

  it.effect("is accepted with header names in any letter case", () =>
    Effect.gen(function* () {
      const answer = yield* withHeaders(
        ["X-Sender-ID", credentials["x-sender-id"].toUpperCase()],
        ["X-API-KEY", credentials["x-api-key"]],
      )
      assert.strictEqual(answer.status, 204)
    }),
  )

  it.effect("without credentials is refused before its body and preferences are read", () =>
    Effect.gen(function* () {
      const { port } = yield* MockServer.MockServer
      const [answer] = yield* talk(
        port,
        bytesOf({
          headers: [
            ["host", "localhost"],
            ["connection", "close"],
            ["prefer", "code=500"],
            ["content-type", ";;;"],
            ["content-length", "1"],
          ],
          body: "{",
        }),
      )
      assert.strictEqual(answer?.status, 401)
    }),
  )
})
