/** Every tool reads a document of another host when that is allowed, and none otherwise. */
import { ContractDiff, ContractLint, ContractVerify } from "@effect-sent/contract-tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer } from "node:http"

const text = `openapi: 3.1.0
info: { title: Pets, version: "1.0.0" }
paths:
  /pets: { $ref: "parts/pets%20.yaml" }
`
const files: Readonly<Record<string, string>> = {
  "/api.yaml": text,
  "/parts/pets%20.yaml": `get: { responses: { "204": { description: fine, x-a: 1 } } }\n`,
  "/pets": "",
}

const host = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof createServer>>((resume) => {
    const server = createServer(({ url = "" }, response) => {
      const content = files[url]
      const status = content === undefined ? 404 : content === "" ? 204 : 200
      response.writeHead(status).end(content)
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close()),
).pipe(
  Effect.map((server) => {
    const address = server.address()
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  }),
)

describe("with the network, a document of another host", () => {
  it.live("is linted, compared and verified; without it, it is refused", () =>
    Effect.gen(function* () {
      const target = yield* host
      const url = `${target}/api.yaml`
      const options = { allowNetwork: true }
      const { checks, title } = yield* ContractLint.lint(url, { ...options, rules: "none" })
      const findings = checks.flatMap((check) => check.findings)
      assert.strictEqual(title, `lint ${url}`)
      assert.isFalse(findings.some(({ rule }) => rule === "no-unresolved-refs"))
      assert.isTrue(
        findings.some(({ source }) => source?.file === `${target}/parts/pets%20.yaml`),
        "there are findings in the other file",
      )
      const { after, changes } = yield* ContractDiff.diff({ old: url, new: url, ...options })
      assert.deepStrictEqual([after.name, changes.length], [url, 0])
      const verified = yield* ContractVerify.verify({ target, contract: url, runs: 1, ...options })
      assert.deepStrictEqual(verified.untested, [])

      const words = /download it, or allow the network/
      assert.match((yield* Effect.flip(ContractLint.lint(url))).message, words)
      assert.match((yield* Effect.flip(ContractDiff.diff({ old: url, new: url }))).message, words)
      const refused = ContractVerify.verify({ target, contract: url })
      assert.match((yield* Effect.flip(refused)).message, words)
    }).pipe(Effect.scoped),
  )
})
