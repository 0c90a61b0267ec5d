/** Contracts other than the bundled one: where they may be stored and what they may declare. */
import { ContractError } from "@effect-sent/contract"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Queue } from "effect"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { assertProblem } from "./support/calls.ts"
import { files } from "./support/contracts.ts"

const documentOf = (schema: object, responses: object, more: object = {}): object => ({
  openapi: "3.1.0",
  info: { title: "Other", version: "1.0.0" },
  paths: {
    "/things": {
      post: { requestBody: { content: { "application/json": { schema } } }, responses },
    },
  },
  ...more,
})

const made = { "201": { description: "Made." } }

const call = (mock: MockServer.MockServer["Service"], headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(`${mock.baseUrl}/things`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: "{}",
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    }
  })

describe("another contract", () => {
  it.effect("may refer to other files in its folder", () =>
    Effect.gen(function* () {
      const contract = yield* files(
        ["contract.json", documentOf({ $ref: "./schemas.json#/thing" }, made)],
        ["schemas.json", { thing: { type: "object", required: ["name"] } }],
      )
      const answer = yield* call(yield* MockServer.make({ contract }))
      assert.strictEqual(answer.status, 400)
      assert.include(answer.body, '"errors":{"name":["name is required"]}')
    }),
  )

  it.effect("that refers to another host is rejected without a request to that host", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      const other = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer(({ url }, response) => {
            asked.push(url)
            response.end('{"type":"object"}')
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
      const address = other.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const $ref = `http://127.0.0.1:${port}/thing.json`
      // The host would have answered.
      yield* Effect.promise(() => fetch($ref))
      const contract = yield* files(["contract.json", documentOf({ $ref }, made)])
      const { reason } = yield* Effect.flip(MockServer.make({ contract }))
      assert.instanceOf(reason, ContractError.ContractInvalid)
      assert.deepStrictEqual(asked, ["/thing.json"])
    }),
  )

  it.effect(
    "whose example violates its schema is answered with 500, and the log contains the cause",
    () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const logger = Logger.make((options) => {
          log.push(Logger.formatJson.log(options))
        })
        const example = { schema: { type: "object" }, examples: { wrong: { value: "a string" } } }
        const contract = yield* files([
          "contract.json",
          documentOf(
            { type: "object" },
            { "200": { description: "Done.", content: { "application/json": example } } },
          ),
        ])
        const answer = yield* Effect.scoped(
          Effect.flatMap(MockServer.make({ contract }), (mock) => call(mock)),
        ).pipe(Effect.provide(Logger.layer([logger])))
        assert.include(assertProblem(answer, 500), "see its log for the cause")
        assert.include(log.join("\n"), "Response body must be object")
      }),
  )

  it.effect("may require a credential that is not an API key in a header", () =>
    Effect.gen(function* () {
      const contract = yield* files([
        "contract.json",
        documentOf({ type: "object" }, made, {
          security: [{ token: [] }],
          components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
        }),
      ])
      const mock = yield* MockServer.make({ contract })
      assertProblem(yield* call(mock), 401)
      assert.strictEqual((yield* call(mock, { authorization: "Bearer x" })).status, 201)
    }),
  )

  it.effect.each(["https://example.com/contract.yaml", "file://host.example/a%2Fb.yaml"])(
    "at %s is refused, since nothing is read over the network",
    (url) =>
      Effect.gen(function* () {
        const { reason } = yield* Effect.flip(MockServer.make({ contract: new URL(url) }))
        assert.instanceOf(reason, ContractError.ContractInvalid)
        assert.include(reason.message, `${url} cannot be used: a contract is read from a file`)
      }),
  )
})

const answer = (description: string) => ({
  description,
  content: { "application/json": { examples: { only: { value: description } } } },
})

describe("a contract that is watched", () => {
  it.effect("is read again when a file that it refers to changes, and survives a broken one", () =>
    Effect.gen(function* () {
      const contract = yield* files(
        ["root.json", documentOf({ type: "object" }, { "200": { $ref: "./answer.json" } })],
        ["answer.json", answer("first")],
      )
      const lines = yield* Queue.unbounded<string>()
      const logger = Logger.make(({ message }) => {
        Queue.offerUnsafe(lines, [message].flat().join(" "))
      })
      const mock = yield* MockServer.make({ contract, watch: true }).pipe(
        Effect.provide(Logger.layer([logger])),
      )
      const file = join(contract, "../answer.json")
      assert.strictEqual((yield* call(mock)).body, '"first"')
      writeFileSync(file, "{")
      assert.match(yield* Queue.take(lines), /cannot be used; the one before is served: /)
      assert.strictEqual((yield* call(mock)).body, '"first"')
      writeFileSync(file, JSON.stringify(answer("second")))
      assert.include(yield* Queue.take(lines), "was read again")
      assert.strictEqual((yield* call(mock)).body, '"second"')
    }),
  )
})
