/** Verification: the mock passes, and what is wrong with another server is found. */
import {
  type ContractReport,
  ContractReport as Report,
  ContractVerify,
} from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { quickContract } from "./support/quickContract.ts"
import { type Exchange, makeWrongServer, withoutHeader } from "./support/wrongServer.ts"

const secret = Redacted.make(MockServer.defaultWebhookSecret)

interface Wrong {
  readonly change?: (exchange: Exchange) => Partial<Exchange> | undefined
  readonly options?: Partial<ContractVerify.VerifyOptions>
}

/** Verifies the mock, or the mock with something changed. */
const verifyMock = ({ change, options }: Wrong = {}) =>
  Effect.gen(function* () {
    const contract = yield* quickContract
    const mock = yield* MockServer.make({ contract, port: 0 })
    const server = change === undefined ? undefined : yield* makeWrongServer(mock.baseUrl, change)
    const verification = yield* ContractVerify.verify({
      target: server?.url ?? mock.baseUrl,
      contract,
      runs: 20,
      webhookSecret: secret,
      ...options,
    })
    return verification
  }).pipe(Effect.scoped)

/** The failures, one line each. */
const failures = ({ checks }: ContractReport.Report): ReadonlyArray<string> =>
  checks.flatMap(({ findings, name }) => findings.map(({ rule }) => `${name}: ${rule}`))

const findingOf = (
  { checks }: ContractReport.Report,
  rule: string,
): ContractReport.Finding | undefined =>
  checks.flatMap(({ findings }) => findings).find((finding) => finding.rule === rule)

const generatedOf = (report: ContractReport.Report): ContractReport.Report => ({
  ...report,
  checks: report.checks.filter(({ group }) => group === "generated"),
})

describe("verify", { timeout: 60_000 }, () => {
  it.live("passes for the mock, and exercises the whole contract", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const onProgress = (done: number, total: number): void => void seen.push(`${done}/${total}`)
      const { coverage, report } = yield* verifyMock({ options: { onProgress } })
      assert.deepStrictEqual(failures(report), [])
      assert.isTrue(Report.passed(report))
      assert.deepStrictEqual(
        coverage.filter(({ times }) => times === 0),
        [],
      )
      assert.isAbove(coverage.length, 40)
      assert.isTrue(Report.passed(ContractVerify.coverageReport("the mock", coverage)))
      assert.strictEqual(seen.length, new Set(seen).size)
      assert.match(seen.at(-1) ?? "", /^(\d+)\/\1$/)
    }),
  )

  it.live("finds a server that accepts a template id that is not a GUID", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock({
        change: ({ text }) =>
          text.includes('"templateId":["Must be a valid uuid"]')
            ? { status: 204, text: "", headers: new Headers() }
            : undefined,
        options: { only: ["templateId", "requests with one error"] },
      })
      const found = failures(report)
      assert.include(found, "templateId lacks its last character: accepted-invalid")
      assert.include(found, "20 requests with one error: accepted-invalid")
      assert.deepStrictEqual(
        found.filter((line) => !line.endsWith("accepted-invalid")),
        [],
      )
    }),
  )

  it.live("finds a server that responds with an undeclared 422", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock({
        change: ({ status, text }) =>
          status === 400 && text.includes("Unknown field") ? { status: 422 } : undefined,
        options: { only: ["member"] },
      })
      assert.include(failures(report), "the body has an unknown member: undeclared-status")
      assert.include(findingOf(report, "undeclared-status")?.message, "422")
    }),
  )

  it.live("finds a server whose 429 has no Retry-After", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock({
        change: ({ headers, status }) =>
          status === 429 ? { headers: withoutHeader(headers, "retry-after") } : undefined,
        options: { only: ["(+1500555"] },
      })
      const found = failures(report)
      assert.include(found, "too-many-requests (+15005554290): required")
      assert.deepStrictEqual(
        found.filter((line) => !/too-many|third-try/.test(line)),
        [],
      )
      assert.include(findingOf(report, "required")?.message, "retry-after")
    }),
  )

  it.live("finds errors in the form of a response, in its content and in an update", () =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock({
        change: ({ status, text }) => {
          if (status === 403) return { text: text.replace("403", "401") }
          if (status === 500) return { text: "<html>" }
          if (status === 404) return { headers: new Headers({ "content-type": "text/html" }) }
          if (status === 413) return { text: "" }
          return { text: text.replace("Template not", "Not") }
        },
        options: {
          webhookSecret: Redacted.make(`whsec_${Buffer.from("another").toString("base64")}`),
          only: ["(+1500555"],
        },
      })
      assert.includeMembers(
        [...failures(report)],
        [
          "forbidden (+15005554030): const",
          "internal-server-error (+15005555000): malformed-json",
          "not-found (+15005554040): undeclared-media-type",
          "content-too-large (+15005554130): missing-body",
          "template-not-found (+15005554005): wrong-response",
          "delivered (+15005552040): update-signature",
        ],
      )
    }),
  )

  it.live.each<readonly [status: number, failure: string]>([
    [200, "the contract's example page-sample: undeclared-status"],
    [400, "the contract's example page-sample: refused-valid"],
  ])("finds a %i in place of a 204", ([status, failure]) =>
    Effect.gen(function* () {
      const { report } = yield* verifyMock({
        change: (exchange) => (exchange.status === 204 ? { status } : undefined),
        options: { runs: 1, only: ["the contract's example", "valid requests"] },
      })
      assert.include(failures(report), failure)
      assert.include(
        failures(report),
        failure.replace("the contract's example page-sample", "1 valid requests"),
      )
    }),
  )

  it.live(
    "shrinks a generated request that gets a wrong response, and repeats it by its seed",
    () =>
      Effect.gen(function* () {
        const verification = verifyMock({
          // Whatever has a variable with a name longer than this is too much for it.
          change: ({ body, status }) =>
            status === 204 &&
            /"messageBody":\{.*"[^"]{3,}":/.test(body) &&
            !body.includes("order_id")
              ? { status: 400 }
              : undefined,
          options: { seed: 7, runs: 100, only: ["valid requests"] },
        })
        const { report } = yield* verification
        const shown = findingOf(generatedOf(report), "refused-valid")?.reproduce ?? ""
        const body: unknown = JSON.parse(/--data-binary '(.*)'$/.exec(shown)?.[1] ?? "")
        assert.hasAllKeys(body, ["phoneNumber", "templateId", "messageBody"])
        const again = yield* verification
        assert.strictEqual(
          withoutPort(findingOf(generatedOf(again.report), "refused-valid")?.reproduce ?? ""),
          withoutPort(shown),
        )
      }),
  )

  it.live("prints a curl command that repeats the request", () =>
    Effect.gen(function* () {
      const contract = yield* quickContract
      const mock = yield* MockServer.make({ contract, port: 0 })
      const server = yield* makeWrongServer(mock.baseUrl, ({ status }) =>
        status === 401 || status === 400 ? { status: 418 } : undefined,
      )
      const { report } = yield* ContractVerify.verify({
        target: server.url,
        contract,
        runs: 0,
        only: ["phoneNumber", "templateId", "the body", "a text", "x-sender-id"],
      })
      const lines = report.checks
        .filter(({ group }) => group === "refusals")
        .flatMap(({ findings }) => findings)
        .map(({ reproduce = "" }) => reproduce)
      assert.isAbove(lines.length, 100)
      const before = server.requests.length
      // A sample of the odd ones: quotes, other scripts, line breaks, invalid UTF-8, no body, empty headers.
      for (const line of lines.filter(isSampled)) {
        const out = yield* Effect.promise(() => bash(line))
        assert.match(out, /^HTTP\/1\.1 418/)
      }
      // Word for word: what arrived again had arrived before.
      const [first, again] = [server.requests.slice(0, before), server.requests.slice(before)]
      assert.isAbove(again.length, 8)
      const bodies = new Set(first.map(({ body }) => body))
      assert.isTrue(again.every(({ body }) => bodies.has(body)))
    }).pipe(Effect.scoped),
  )

  it.live("fails when the server cannot be reached, and does not hang on a silent one", () =>
    Effect.gen(function* () {
      const nobody = yield* Effect.flip(ContractVerify.verify({ target: "http://127.0.0.1:1" }))
      assert.include(nobody.message, "cannot be reached")
      const silent = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = createServer(() => undefined)
          server.listen(0, "127.0.0.1")
          await once(server, "listening")
          return server
        }),
        (server) => Effect.sync(() => server.close()),
      )
      const address = silent.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      const startedAt = performance.now()
      const { report, untested } = yield* ContractVerify.verify({
        target: `http://127.0.0.1:${port}`,
        runs: 1,
        timeout: "100 millis",
      })
      // Nothing is known of it: no case has failed.
      assert.deepStrictEqual(failures(report), [])
      assert.isAbove(untested.length, 400)
      assert.include(untested[0]?.reason, "given up: no response within 0.1 seconds")
      assert.isBelow(performance.now() - startedAt, 10_000)
    }).pipe(Effect.scoped),
  )

  it.effect.each<readonly [options: Partial<ContractVerify.VerifyOptions>, words: string]>([
    [{ runs: -1 }, "runs must be"],
    [{ runs: 1.5 }, "runs must be"],
    [{ runs: Infinity }, "runs must be"],
    [{ timeout: 0 }, "timeout must be"],
    [{ timeout: "-5 seconds" }, "timeout must be"],
    [{ timeout: "2 hours" }, "timeout must be"],
    [{ allowSend: Redacted.make("1234567890") }, "E.164"],
    [{ allowSend: Redacted.make("+14155552671") }, "live service only"],
    [{ live: true, sandbox: true }, "not both"],
    [{ live: true }, "needs the credentials"],
    [{ only: [""] }, "must not be empty"],
    [{ receiverHost: "http://app" }, "a name or an address"],
    [{ receiverHost: "app", updates: false }, "no updates are received"],
    [{ webhookSecret: Redacted.make("whsec_?") }, "base64"],
    [{ credentials: { "x-api-key": Redacted.make("") } }, "x-api-key is empty"],
    [{ credentials: { "x-api-key": Redacted.make("a\nb") } }, "x-api-key is empty"],
    [{ target: "http://app:4010" }, "must be https"],
    [
      {
        target: "http://app:4010",
        sandbox: true,
        credentials: { "x-api-key": Redacted.make("k") },
      },
      "not sent over plain http",
    ],
  ])("rejects the options %o", ([options, words]) =>
    Effect.map(
      Effect.flip(ContractVerify.verify({ target: "http://127.0.0.1:1", ...options })),
      ({ message }) => {
        assert.include(message, words)
      },
    ),
  )

  it.effect.each<readonly [target: string, words: string]>([
    ["sent", "must be an http or https URL"],
    ["ftp://127.0.0.1", "must be an http or https URL"],
    ["http://staging.example.com", "must be https"],
    ["https://key@staging.example.com", "without user information"],
    ["http://127.0.0.1:1/?x=1", "query"],
    ["https://staging.example.com", "needs the credentials"],
  ])("rejects the target %s", ([target, words]) =>
    Effect.map(Effect.flip(ContractVerify.verify({ target })), ({ message }) => {
      assert.include(message, words)
    }),
  )
})

describe("a live service", { timeout: 60_000 }, () => {
  const number = "+14155552671"
  const credentials = {
    "x-sender-id": Redacted.make("7ba7b820-9dad-11d1-80b4-00c04fd430c8"),
    "x-api-key": Redacted.make("a-key-that-nobody-may-see"),
  }

  it.live.each<readonly [what: string, allowSend: string | undefined, sent: number]>([
    ["nothing", undefined, 0],
    ["one message to the number that is allowed, and no other,", number, 1],
  ])("is sent %s", ([, allowSend, sent]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ port: 0 })
      const { report } = yield* ContractVerify.verify({
        target: mock.baseUrl,
        live: true,
        credentials,
        runs: 40,
        ...(allowSend === undefined ? {} : { allowSend: Redacted.make(allowSend) }),
      })
      assert.deepStrictEqual(failures(report), [])
      const messages = yield* mock.messages()
      assert.deepStrictEqual(
        messages.map(({ phoneNumber }) => phoneNumber),
        Array.from({ length: sent }, () => number),
      )
      assert.isTrue(messages.every(({ webhookUrl }) => webhookUrl === undefined))
      const skipped = report.checks.filter((check) => check.skipped !== undefined)
      assert.isAbove(skipped.length, 200)
      assert.include(report.summary, `${skipped.length} skipped`)
      assert.strictEqual(
        skipped.filter(({ skipped: why }) => why?.includes("allow one") === true).length,
        1 - sent,
      )
    }).pipe(Effect.scoped),
  )

  it.live(
    "gets no phone number that could be a person's, and not the account's own key where one is wrong",
    () =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make({ port: 0 })
        const server = yield* makeWrongServer(mock.baseUrl, ({ status }) =>
          status === 204 || status === 401 ? { status: 418 } : undefined,
        )
        const { report } = yield* ContractVerify.verify({
          target: server.url,
          live: true,
          credentials,
          runs: 60,
          allowSend: Redacted.make(number),
        })
        const numbers = server.requests.flatMap(({ body }) => body.match(/\+[0-9]{7,}/g) ?? [])
        assert.isAbove(numbers.length, 50)
        assert.isTrue(numbers.every((one) => /^\+(?:999|099)/.test(one) || one === number))
        // Ten failures in a row lock the credentials of an account.
        const own = server.requests.map(({ headers }) =>
          Object.entries(credentials).map(
            ([name, value]) => headers[name] === Redacted.value(value),
          ),
        )
        assert.isTrue(own.every(([sender, key]) => sender === key))
        assert.isAbove(own.filter(([sender]) => sender === false).length, 5)
        const shown = (["json", "junit", "github", "pretty"] as const)
          .map((reporter) => Report.format(report, reporter))
          .concat(JSON.stringify(report))
          .join("")
        for (const hidden of [number, "a-key-that-nobody-may-see"]) {
          assert.notInclude(shown, hidden)
        }
        assert.include(shown, "$SENT_API_KEY")
        assert.include(shown, "$SENT_ALLOWED_NUMBER")
      }).pipe(Effect.scoped),
  )
})

describe("prism mock", { timeout: 60_000 }, () => {
  it.live(
    "fails: it hangs, responds without a problem document, accepts any credential and plays no scenario",
    () =>
      Effect.gen(function* () {
        const { baseUrl, contract } = yield* prismMock
        const { report } = yield* ContractVerify.verify({
          target: baseUrl,
          contract,
          runs: 20,
          timeout: "3 seconds",
          only: prismCases,
        })
        const found = new Set(failures(report))
        for (const hole of [
          "the body is not JSON: no-response",
          "the body is not UTF-8: no-response",
          "the body is too large: required",
          "the content type is malformed: wrong-status",
          "x-sender-id is malformed: accepted-invalid",
          "x-api-key is malformed: accepted-invalid",
          "too-many-requests (+15005554290): wrong-response",
          "delivered (+15005552040): wrong-updates",
          "no unexpected updates: surplus-update",
        ]) {
          assert.isTrue(found.has(hole), `${hole} is among ${[...found].join("; ")}`)
        }
        // Checks that it passes.
        const passed = report.checks
          .filter(({ findings }) => findings.length === 0)
          .map(({ name }) => name)
        assert.includeMembers(passed, [
          "templateId is missing",
          "20 valid requests",
          "20 requests with one error",
        ])
      }).pipe(Effect.scoped),
  )
})

/** What the guide says of it, and what it passes. */
const prismCases = [
  "the body is not",
  "the body is too large",
  "the content type is malformed",
  "is malformed",
  "too-many-requests (",
  "delivered (",
  "templateId is missing",
  "valid requests",
  "requests with one error",
]

/** Neither the port nor the credentials, which are made up in each run. */
const withoutPort = (line: string): string =>
  line.replace(/:\d+\//, "/").replaceAll(/(x-sender-id|x-api-key): [^']*/g, "$1")

const isSampled = (line: string, index: number): boolean =>
  index % 40 === 0 || line.includes("printf")

const bash = async (line: string): Promise<string> => {
  const child = spawn("bash", ["-c", line], {
    env: {
      ...process.env,
      SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
      SENT_API_KEY: "k",
    },
    stdio: ["ignore", "pipe", "ignore"],
  })
  return (await child.stdout.setEncoding("utf8").toArray()).join("")
}

const prismMock = Effect.gen(function* () {
  const contract = yield* quickContract
  const port = yield* Effect.promise(async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    server.close()
    await once(server, "close")
    return address !== null && typeof address === "object" ? address.port : 0
  })
  const cli = createRequire(import.meta.url).resolve("@stoplight/prism-cli")
  yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(process.execPath, [cli, "mock", contract, "--port", String(port)], {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, NODE_ENV: "test" },
      })
      await new Promise<void>((resolve) => {
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          if (text.includes("Prism is listening")) resolve()
        })
      })
      return child
    }),
    (child) =>
      Effect.promise(async () => {
        child.kill("SIGKILL")
        await once(child, "exit")
      }),
  )
  return { baseUrl: `http://127.0.0.1:${port}`, contract }
})
