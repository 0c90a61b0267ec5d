/** `verify` with the contract of v3: several operations, look-ups, webhooks, keys and the sandbox. */
import { Contract } from "@effect-sent/contract"
import { type ContractReport as Report, ContractVerify } from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { quickContractOf } from "./support/quickContract.ts"
import { type Exchange, makeWrongServer } from "./support/wrongServer.ts"

const messages = ({ checks }: Report.Report): ReadonlyArray<string> =>
  checks.flatMap(({ findings, name }) => findings.map(({ message }) => `${name}: ${message}`))

/** Verifies a mock behind a server that does one thing wrong. */
const verifyMock = (
  change: (
    exchange: Exchange,
  ) => { readonly text?: string; readonly headers?: Headers } | undefined,
  only: ReadonlyArray<string>,
) =>
  Effect.gen(function* () {
    const contract = yield* quickContractOf(Contract.bundledV3Path)
    const mock = yield* MockServer.make({ contract })
    const { url } = yield* makeWrongServer(mock.baseUrl, change)
    return yield* ContractVerify.verify({ target: url, contract, only, runs: 0, timeout: 5000 })
  })

describe("verify with v3", { timeout: 120_000 }, () => {
  it.live("passes the mock and covers the contract", () =>
    Effect.gen(function* () {
      const contract = yield* quickContractOf(Contract.bundledV3Path)
      const mock = yield* MockServer.make({ contract })
      const { coverage, report, untested } = yield* ContractVerify.verify({
        target: mock.baseUrl,
        contract,
        runs: 3,
        timeout: 30_000,
        webhookSecret: Redacted.make(MockServer.defaultWebhookSecret),
      })
      assert.deepStrictEqual(messages(report), [])
      assert.deepStrictEqual(untested, [])
      assert.deepStrictEqual(
        coverage.filter(({ times }) => times === 0),
        [],
      )
      assert.isAbove(coverage.length, 180)
    }),
  )

  it.live("finds a server that forgets keys, or does not say that it replays", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock(
        ({ headers }) => {
          const changed = new Headers(headers)
          changed.delete("idempotent-replayed")
          return { headers: changed }
        },
        ["under one key"],
      )
      assert.deepStrictEqual(messages(report), [
        "the same request twice under one key: the response has no idempotent-replayed: true",
      ])
    }),
  )

  it.live("finds updates whose message no answer named, and look-ups of another status", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock(
        ({ text }) => ({
          text: text
            .replaceAll(/"message_id":"[^"]{8}/g, '"message_id":"00000000')
            .replace('"FAILED"', '"SENT"'),
        }),
        ["filtered (", "found-failed"],
      )
      const found = messages(report).join("\n")
      assert.include(found, "expected the updates queued, filtered; received none")
      assert.include(found, "no unexpected updates: an update names a message that no answer named")
      assert.include(found, "the scenario expects the example message-failed")
    }),
  )

  it.live("finds the wrong code of an error, although its id and time differ each time", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock(
        ({ text }) => ({ text: text.replace("BUSINESS_005", "BUSINESS_006") }),
        ["template-not-approved", "quota-exceeded"],
      )
      assert.deepStrictEqual(messages(report), [
        "template-not-approved (+15005554222): the scenario expects the example template-not-approved, got a response that equals no example",
      ])
    }),
  )
})

/** Why a live verification does not start. */
const refusalOf = (options: Partial<ContractVerify.VerifyOptions>) =>
  Effect.map(
    Effect.flip(
      ContractVerify.verify({
        target: "https://api.example.com",
        contract: Contract.bundledV3Path,
        ...options,
      }),
    ),
    ({ message }) => message,
  )

describe("verify of a live v3", { timeout: 120_000 }, () => {
  const apiKey = Redacted.make("a-key-that-nobody-may-see")

  it.live("asks for the sandbox in every request, needs the key alone, and sends nothing", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const server = yield* makeWrongServer(mock.baseUrl, () => undefined)
      const { report } = yield* ContractVerify.verify({
        target: server.url,
        contract: Contract.bundledV3Path,
        live: true,
        credentials: { "x-api-key": apiKey, "x-sender-id": Redacted.make("not needed") },
        runs: 50,
      })
      assert.deepStrictEqual(messages(report), [])
      assert.deepStrictEqual(yield* mock.messages({ accepted: true }), [])
      assert.isAbove((yield* mock.messages({ status: "SANDBOX" })).length, 1)
      for (const { body, headers } of server.requests) {
        assert.notProperty(headers, "x-sender-id")
        // What is not an object asks for nothing.
        if (/^\s*\{/.test(body) && body.includes('"to"')) assert.include(body, '"sandbox":true')
      }
      const keys = server.requests.flatMap(({ headers }) => headers["idempotency-key"] ?? [])
      assert.lengthOf(keys, 2)
      for (const key of keys)
        assert.match(String(Object(key)), /^effect-sent-verify-[0-9a-f-]{36}$/)
    }),
  )

  it.effect("refuses a number to send to, and names the variable that is missing", () =>
    Effect.gen(function* () {
      assert.include(
        yield* refusalOf({
          credentials: { "x-api-key": apiKey },
          allowSend: Redacted.make("+14155552671"),
        }),
        "a number to send to is not needed",
      )
      assert.include(
        yield* refusalOf({}),
        "a live target needs the credentials of an account: set SENT_API_KEY",
      )
      assert.strictEqual(
        yield* refusalOf({ contract: Contract.bundledPath, credentials: { "x-api-key": apiKey } }),
        "SENT_SENDER_ID is not set: the contract needs SENT_SENDER_ID and SENT_API_KEY",
      )
    }),
  )
})
