/** `verify` beside others: at the same time, after them, for what cannot be tested, and where updates do not arrive. */
import { type ContractReport, ContractVerify } from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeLiar } from "./support/liar.ts"
import { quickContract } from "./support/quickContract.ts"

const linesOf = ({ checks }: ContractReport.Report): ReadonlyArray<string> =>
  checks.flatMap(({ findings, name }) => findings.map(({ rule }) => `${name}: ${rule}`))

const skippedIn = ({ checks }: ContractReport.Report): number =>
  checks.filter(({ skipped }) => skipped !== undefined).length

const number = "+15005554292"

const credentials = {
  "x-sender-id": Redacted.make("7ba7b820-9dad-11d1-80b4-00c04fd430c8"),
  "x-api-key": Redacted.make("k"),
}

const send = (baseUrl: string, phoneNumber: string): Effect.Effect<number> =>
  Effect.promise(async () => {
    const { status } = await fetch(`${baseUrl}/v1/messages/phone`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...Object.fromEntries(
          Object.entries(credentials).map(([name, value]) => [name, Redacted.value(value)]),
        ),
      },
      body: JSON.stringify({ phoneNumber, templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }),
    })
    return status
  })

describe("beside others", { timeout: 60_000 }, () => {
  it.live.each<readonly [what: string, given: typeof credentials | undefined]>([
    ["with made-up senders", undefined],
    ["with one sender", credentials],
  ])("three at once on one mock say what one alone says, %s", ([, given]) =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const all = yield* Effect.forEach(
        [1, 2, 3],
        () =>
          ContractVerify.verify({
            target: mock.baseUrl,
            contract,
            credentials: given,
            runs: 0,
            only: ["(+1500555", "the receiver"],
          }),
        { concurrency: "unbounded" },
      )
      assert.deepStrictEqual(
        all.flatMap(({ report }) => linesOf(report)),
        [],
      )
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [what: string, knows: boolean]>([
    ["a mock that takes any sender", false],
    ["a server that knows its senders", true],
  ])("one after anybody's requests says what it says without them: %s", ([, knows]) =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const target = yield* makeLiar(mock.baseUrl, [
        {
          name: "knows its senders",
          server: "",
          found: ["", ""],
          // What the mock answers to a malformed one.
          rewrite: ({ headers }) =>
            knows && headers["x-sender-id"] !== Redacted.value(credentials["x-sender-id"])
              ? { headers: { ...headers, "x-sender-id": "unknown" } }
              : undefined,
        },
      ])
      assert.strictEqual(yield* send(target, number), 429)
      const { report } = yield* ContractVerify.verify({
        target,
        contract,
        credentials,
        runs: 0,
        only: [number],
      })
      assert.deepStrictEqual(linesOf(report), [])
    }).pipe(Effect.scoped),
  )

  it.live("says in one finding what to look at when no update comes", () =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const verify = (options: Partial<ContractVerify.VerifyOptions>) =>
        ContractVerify.verify({
          target: mock.baseUrl,
          contract,
          runs: 0,
          timeout: "1 second",
          only: ["(+1500555204", "the receiver"],
          ...options,
        })
      // The mock sends updates to loopback only.
      const { report, untested } = yield* verify({ receiverHost: "host.docker.internal" })
      assert.deepStrictEqual(linesOf(report), ["updates reach the receiver: no-updates"])
      const [finding] = report.checks.flatMap(({ findings }) => findings)
      for (const words of ["http://host.docker.internal:", "--allow-host", "NO_PROXY"]) {
        assert.include(finding?.message, words)
      }
      assert.isAbove(untested.length, 8)
      const without = yield* verify({ updates: false })
      assert.deepStrictEqual(linesOf(without.report), [])
      assert.deepStrictEqual(without.untested, [])
      assert.isTrue(
        without.report.checks.some(({ skipped }) => skipped === "--no-updates leaves it out"),
      )
    }).pipe(Effect.scoped),
  )

  it.live("receives updates under the name that the target has for this machine", () =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const { report } = yield* ContractVerify.verify({
        target: mock.baseUrl,
        contract,
        runs: 0,
        only: ["delivered (+"],
        receiverHost: "localhost",
      })
      assert.deepStrictEqual(linesOf(report), [])
      const [message] = yield* mock.messages()
      assert.match(message?.webhookUrl ?? "", /^http:\/\/localhost:\d+\/updates\//)
    }).pipe(Effect.scoped),
  )
})

/** A server that answers `200 {}` to everything. */
const yes: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer((request, response) => {
        request.resume().on("end", () => {
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      return server
    }),
    (server) => Effect.sync(() => server.close()),
  ),
  (server) => {
    const address = server.address()
    return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`
  },
)

const pets = (paths: object): object => ({
  openapi: "3.1.0",
  info: { title: "Pets", version: "1.0.0" },
  paths,
  components: {
    securitySchemes: {
      key: { type: "apiKey", in: "query", name: "key" },
      token: { type: "http", scheme: "bearer" },
    },
  },
})

const ok = {
  200: {
    description: "A pet",
    content: {
      "application/json": {
        schema: { type: "object", required: ["id"], properties: { id: { type: "integer" } } },
      },
    },
  },
}

const verifyPets = (paths: object, more: object = {}) =>
  Effect.gen(function* () {
    const directory = mkdtempSync(join(tmpdir(), "effect-sent-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
    const contract = join(directory, "pets.json")
    writeFileSync(contract, JSON.stringify({ ...pets(paths), ...more }))
    return yield* ContractVerify.verify({ target: yield* yes, contract, runs: 5 })
  }).pipe(Effect.scoped)

describe("other contracts", { timeout: 60_000 }, () => {
  it.live("what cannot be tested is named, and the report has no findings", () =>
    Effect.gen(function* () {
      const { report, untested } = yield* verifyPets({
        "/pets/{id}": {
          get: {
            parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
            responses: ok,
          },
        },
      })
      assert.deepStrictEqual(linesOf(report), [])
      assert.strictEqual(untested[0]?.name, "GET /pets/{id}")
      assert.include(untested[0]?.reason, "the parameter id")
      assert.strictEqual(skippedIn(report), 1)
    }),
  )

  it.live(
    "an operation with a schema that does not compile is not tested, and costs no other",
    () =>
      Effect.gen(function* () {
        const schema = { type: "object", properties: { a: { type: "text" } } }
        const wrong = { 200: { description: "", content: { "application/json": { schema } } } }
        const callback = {
          post: { requestBody: { content: { "a/json": { schema } } }, responses: ok },
        }
        const { report, untested } = yield* verifyPets(
          {
            "/good": { get: { responses: { 200: { description: "" } } } },
            "/response": { get: { responses: wrong } },
            "/callback": {
              get: { responses: ok, callbacks: { done: { "{$request.body#/url}": callback } } },
            },
          },
          { webhooks: { newPet: callback } },
        )
        assert.deepStrictEqual(
          untested.map(({ name }) => name),
          ["GET /response", "GET /callback"],
        )
        assert.match(untested[0]?.reason ?? "", /^the schema of the response 200 of GET \/response/)
        assert.match(
          untested[1]?.reason ?? "",
          /^the schema of the callback done of GET \/callback/,
        )
        assert.include(report.summary.join(), "2 not tested, though they should have been")
        const checks = new Map(report.checks.map((check) => [check.name, check.skipped]))
        assert.match(checks.get("the webhook newPet") ?? "", /which request leads to it/)
        assert.isTrue(checks.has("a request"))
      }),
  )

  it.live("operations without a body, with parameters and with other security are verified", () =>
    Effect.gen(function* () {
      const { coverage, report, untested } = yield* verifyPets({
        "/pets/{id}": {
          get: {
            parameters: [{ name: "id", in: "path", required: true, example: 1, schema: {} }],
            security: [{ key: [] }, { token: [] }],
            responses: ok,
          },
        },
        "/pets": {
          post: {
            requestBody: {
              required: true,
              content: {
                "application/json": {
                  schema: {
                    type: "object",
                    required: ["name", "age", "tags"],
                    properties: {
                      name: { type: "string", minLength: 2, maxLength: 5 },
                      age: { type: "integer", minimum: 1, maximum: 30 },
                      kind: { enum: ["cat", "dog"] },
                      tags: {
                        type: "array",
                        maxItems: 2,
                        uniqueItems: true,
                        items: { type: "string" },
                      },
                      born: { type: "string", format: "date" },
                      owner: {
                        type: "object",
                        additionalProperties: false,
                        properties: { mail: { type: "string", format: "email" } },
                      },
                    },
                  },
                },
              },
            },
            responses: ok,
          },
        },
      })
      assert.deepStrictEqual(untested, [])
      const found = linesOf(report)
      for (const line of [
        "a request: required",
        "key is missing: accepted-invalid",
        "authorization is missing: accepted-invalid",
        "authorization alone: required",
        "name has 1 characters: accepted-invalid",
        "name has 6 characters: accepted-invalid",
        "age is 0: accepted-invalid",
        "age is 31: accepted-invalid",
        "age has a fraction: accepted-invalid",
        'kind is "CAT": accepted-invalid',
        "tags has 3 items: accepted-invalid",
        "tags has the same item twice: accepted-invalid",
        "tags.0 is a number: accepted-invalid",
        'born is "2025-02-30": accepted-invalid',
        'owner.mail is "a@": accepted-invalid',
        "owner has an unknown member: accepted-invalid",
        "the body is missing: accepted-invalid",
      ]) {
        assert.include(found, line)
      }
      assert.isTrue(coverage.some(({ kind, times }) => kind === "bound" && times === 0))
    }),
  )
})
