/** Which contracts can be loaded, and the errors of those that cannot. */
import { Contract, ContractError, ContractValidator, Prism } from "@effect-sent/contract"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** A temporary file, removed when the test ends. */
const fileOf = (name: string, content: unknown) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-contract-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
    ),
    (folder) => {
      const file = join(folder, name)
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
      return file
    },
  )

const info = { title: "Another", version: "2.0.0" }

const documentWith = (schema: object, more: object = {}): object => ({
  openapi: "3.1.0",
  info,
  paths: {
    "/things/{id}": {
      post: {
        requestBody: { content: { "application/json": { schema } } },
        responses: { "201": { description: "Made." } },
      },
    },
  },
  ...more,
})

const unusable: ReadonlyArray<readonly [title: string, content: unknown, problem: RegExp]> = [
  ["text", "hello", /it is not an object|not a valid/],
  ["broken YAML", "a: [", /cannot be used: /],
  ["an empty file", "", /cannot be used: /],
  [
    "OpenAPI 2",
    { swagger: "2.0", info, paths: {} },
    /:1:2 cannot be used: it is OpenAPI 2.0 \(Swagger\): convert it first/,
  ],
  ["OpenAPI 4", { openapi: "4.0.0", info, paths: {} }, /it is not OpenAPI 3/],
  [
    "without operations",
    { openapi: "3.1.0", info, paths: {} },
    /declares no operations under `paths`/,
  ],
  [
    "a pattern that does not compile",
    documentWith({
      type: "object",
      properties: { name: { type: "string", pattern: String.raw`\-` } },
    }),
    /the pattern at #\/paths\/~1things~1{id}\/post\/requestBody\/.*\/pattern does not compile/,
  ],
  [
    "without a declaration of its security scheme",
    documentWith({ type: "object" }, { security: [{ token: [] }] }),
    /`security` names the scheme token, which is not declared/,
  ],
  ["a reference that leads nowhere", documentWith({ $ref: "#/components/schemas/Thing" }), /Thing/],
  [
    "a reference to another host",
    documentWith({ $ref: "http://127.0.0.1:1/thing.json" }),
    /cannot be used: /,
  ],
  [
    "a schema that does not compile",
    documentWith({ type: "object", properties: { name: { type: "text" } } }),
    /does not compile, so it would not be validated/,
  ],
]

const loadFailure = (contract: string) =>
  Effect.map(
    Effect.flip(Effect.flatMap(Contract.load(contract), Prism.make)),
    ({ reason }) => reason,
  )

describe("a contract", () => {
  it.effect("comes with the package", () =>
    Effect.gen(function* () {
      const { operations, path, version } = yield* Contract.load()
      assert.strictEqual(path, Contract.bundledPath)
      assert.match(version, /^\d+\.\d+\.\d+$/)
      assert.deepStrictEqual(
        operations.map(({ method, path: at }) => `${method} ${at}`),
        ["POST /v1/messages/phone"],
      )
      assert.deepStrictEqual(
        operations[0]?.credentials.map((headers) => headers.map(({ name }) => name)),
        [["x-sender-id", "x-api-key"]],
      )
    }),
  )

  it.effect("that does not exist fails with its path", () =>
    Effect.gen(function* () {
      const reason = yield* loadFailure("no/such/contract.yaml")
      assert.instanceOf(reason, ContractError.ContractNotFound)
      assert.match(reason.message, /^no contract at .*contract\.yaml; check the path/)
    }),
  )

  it.effect("that is a folder fails with the system's error code", () =>
    Effect.gen(function* () {
      const reason = yield* loadFailure(tmpdir())
      assert.instanceOf(reason, ContractError.ContractInvalid)
      assert.include(reason.message, "EISDIR")
    }),
  )

  it.effect.each(unusable)("cannot be used: %s", ([, content, problem]) =>
    Effect.gen(function* () {
      const reason = yield* loadFailure(yield* fileOf("contract.yaml", content))
      assert.instanceOf(reason, ContractError.ContractInvalid)
      assert.match(reason.message, problem)
      assert.notInclude(reason.message, "\n")
    }),
  )

  it.effect.each(["3.0.3", "3.1.0"])("of any API, OpenAPI %s, can be used", (openapi) =>
    Effect.gen(function* () {
      const schema = {
        type: "object",
        required: ["name"],
        properties: { name: { type: "string" } },
      }
      const file = yield* fileOf("contract.json", { ...documentWith(schema), openapi })
      const validator = yield* Effect.flatMap(
        Contract.load(pathToFileURL(file)),
        ContractValidator.make,
      )
      const violationsOf = (target: string, body: string) => {
        const operation = validator.find("POST", target)
        return operation === undefined
          ? Effect.succeed("no operation" as const)
          : validator.request(operation, {
              method: "POST",
              target,
              headers: { "content-type": "application/json" },
              body: new TextEncoder().encode(body),
            })
      }
      assert.deepStrictEqual(yield* violationsOf("/things/1", '{"name":"a"}'), [])
      const [violation] = yield* violationsOf("/things/1", "{}")
      assert.deepInclude(violation, { rule: "required", where: "body" })
      assert.strictEqual(yield* violationsOf("/things/", '{"name":"a"}'), "no operation")
    }),
  )
})
