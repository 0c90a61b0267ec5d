/** Every lie is found, and every case can fail. */
import { Contract } from "@effect-sent/contract"
import { type ContractReport, ContractVerify } from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { makeLiar } from "./support/liar.ts"
import { lies } from "./support/lies.ts"
import { quickContract } from "./support/quickContract.ts"
import { makeWrongServer } from "./support/wrongServer.ts"

const webhookSecret = Redacted.make(MockServer.defaultWebhookSecret)

const linesOf = ({ checks }: ContractReport.Report): ReadonlySet<string> =>
  new Set(checks.flatMap(({ findings, name }) => findings.map(({ rule }) => `${name}: ${rule}`)))

describe("a server that lies", { timeout: 60_000 }, () => {
  it.live.each([...new Set(lies.map(({ server }) => server))])("%s: every lie is found", (server) =>
    Effect.gen(function* () {
      const told = lies.filter((lie) => lie.server === server)
      // One of these answers at once in place of after the delay, which must be longer than a busy machine takes for it.
      const contract = server === "answers" ? Contract.bundledPath : yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const target = yield* makeLiar(mock.baseUrl, told)
      // Only a run of all cases can tell which parts of the contract are not covered.
      const checks = told.map(({ found }) => ("uncovered" in found ? undefined : found[0]))
      const { coverage, report } = yield* ContractVerify.verify({
        target,
        contract,
        webhookSecret,
        runs: 0,
        timeout: "5 seconds",
        only: checks.every((check) => check !== undefined)
          ? checks.filter((check) => check !== "no unexpected updates").concat("(+1500555204")
          : undefined,
      })
      const found = linesOf(report)
      const missed = told.flatMap(({ found: by, name }) => {
        const isFound =
          "uncovered" in by
            ? coverage.some((item) => item.name === by.uncovered && item.times === 0)
            : found.has(by.join(": "))
        return isFound ? [] : [`${name}: ${"uncovered" in by ? by.uncovered : by.join(": ")}`]
      })
      assert.deepStrictEqual(missed, [])
      assert.isTrue(
        report.checks.every(({ findings }) => findings.every(({ cause = "" }) => cause !== "")),
      )
    }).pipe(Effect.scoped),
  )
})

describe("a case", { timeout: 180_000 }, () => {
  it.live("passes for the mock, and fails for a server that accepts or one that refuses", () =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const verify = (target: string) =>
        Effect.map(
          ContractVerify.verify({ target, contract, webhookSecret, runs: 2, timeout: "8 seconds" }),
          ({ report }) => report,
        )
      const accepting = yield* makeWrongServer(mock.baseUrl, () => ({
        status: 204,
        headers: new Headers(),
        text: "",
      }))
      const refusing = yield* makeWrongServer(mock.baseUrl, () => ({
        status: 409,
        headers: new Headers({ "content-type": "application/json" }),
        text: '{"status":409,"title":"Conflict"}',
      }))
      const honest = yield* verify(mock.baseUrl)
      assert.deepStrictEqual([...linesOf(honest)], [])
      const failed = new Set(
        [yield* verify(accepting.url), yield* verify(refusing.url)].flatMap(({ checks }) =>
          checks.flatMap(({ findings, name }) => (findings.length > 0 ? [name] : [])),
        ),
      )
      // Some fail in the table above.
      const told = new Set(lies.map(({ found }) => ("uncovered" in found ? "" : found[0])))
      assert.deepStrictEqual(
        honest.checks
          .map(({ name }) => name)
          .filter((name) => !failed.has(name) && !told.has(name)),
        [],
      )
      assert.isAbove(honest.checks.length, 500)
    }).pipe(Effect.scoped),
  )
})
