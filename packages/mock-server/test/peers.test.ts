/**
 * Foreign clients: the provider's SDK, curl, and the HTTP clients of Node, Python, Java and Go. Each sends the request of the
 * API reference. Clients that are not installed are skipped.
 */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Sent } from "@sentdm/sentdm"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { credentials, path, sample } from "./support/calls.ts"

/** The request that a client sends, and its URL. */
interface Call {
  readonly baseUrl: string
  readonly phoneNumber: string
  /** Absent when the header is not sent. */
  readonly apiKey: string | undefined
}

/** The answer, as the client reports it. */
interface Told {
  readonly status: number
  readonly body: string
}

/** A client program. It prints the body of the answer and, on the last line, the status. */
interface Program {
  readonly name: string
  readonly command: string
  /** The arguments that print the version. Default: `--version`. */
  readonly version?: string
  /** A text that the version must contain. Default: any. */
  readonly expectedVersion?: RegExp
  /** Whether the program is installed on every Linux machine of CI, where it must not be skipped. */
  readonly required?: boolean
  readonly args: (call: Call) => ReadonlyArray<string>
}

const senderId = credentials["x-sender-id"]
const apiKey = credentials["x-api-key"]

const file = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url))

// -----------------------------------------------------------------------------
// The programs
// -----------------------------------------------------------------------------

const programs: ReadonlyArray<Program> = [
  {
    name: "curl",
    command: "curl",
    required: true,
    args: (call) => [
      // Ignores the user's `.curlrc`.
      "--disable",
      "--silent",
      "--show-error",
      "--max-time",
      "10",
      "--write-out",
      "\n%{http_code}",
      "-X",
      "POST",
      `${call.baseUrl}${path}`,
      // Corrected: "string", as in the reference, is not a GUID.
      "-H",
      `x-sender-id: ${senderId}`,
      ...(call.apiKey === undefined ? [] : ["-H", `x-api-key: ${call.apiKey}`]),
      "-H",
      "Content-Type: application/json",
      "-d",
      JSON.stringify({ ...sample, phoneNumber: call.phoneNumber }, undefined, 2),
    ],
  },
  {
    name: "Node's fetch",
    command: process.execPath,
    required: true,
    args: ({ phoneNumber }) => [file("sample.js"), phoneNumber],
  },
  {
    name: "Python's urllib",
    command: "python3",
    required: true,
    args: ({ phoneNumber }) => [file("sample.py"), phoneNumber],
  },
  {
    name: "Java's java.net.http",
    command: "java",
    version: "--list-modules",
    // Java runs a source file directly. Text blocks require Java 15.
    expectedVersion: /^jdk\.compiler@(1[5-9]|[2-9]\d)/m,
    args: ({ phoneNumber }) => [
      // These flags halve the start-up time.
      "-XX:TieredStopAtLevel=1",
      "-XX:+UseSerialGC",
      file("Sample.java"),
      phoneNumber,
    ],
  },
  {
    name: "Go's net/http",
    command: "go",
    version: "version",
    args: ({ phoneNumber }) => ["run", file("sample.go"), phoneNumber],
  },
]

const execute = promisify(execFile)

const isInstalled = async ({
  command,
  expectedVersion,
  version = "--version",
}: Program): Promise<boolean> => {
  try {
    const { stdout } = await execute(command, [version], { timeout: 30_000 })
    return expectedVersion === undefined || expectedVersion.test(stdout)
  } catch {
    return false
  }
}

const onLinuxCI = process.platform === "linux" && Boolean(process.env["CI"])

const found = await Promise.all(
  programs.map(async (program) => ({
    program,
    missing: !(await isInstalled(program)) && !(onLinuxCI && program.required),
  })),
)

/** Runs the program. Kills it at the end of the test if it is still running. */
const runWith =
  ({ args, command }: Program) =>
  (call: Call): Effect.Effect<Told> =>
    Effect.promise(async (signal) => {
      const { stdout } = await execute(command, args(call), {
        env: {
          ...process.env,
          SENT_BASE_URL: call.baseUrl,
          SENT_SENDER_ID: senderId,
          SENT_API_KEY: call.apiKey,
          // Bypasses a proxy of the machine, because the mock is local.
          NO_PROXY: "*",
          no_proxy: "*",
        },
        signal,
        // Go may have to compile its standard library. Each program waits ten seconds for the mock.
        timeout: 120_000,
      })
      const [, body, status] = /^([^]*?)\r?\n(\d{3})\s*$/.exec(stdout) ?? []
      assert.isDefined(body, `it printed no status: ${stdout}`)
      return { body, status: Number(status) }
    })

// -----------------------------------------------------------------------------
// The answers
// -----------------------------------------------------------------------------

const detailOf = ({ body }: Told): unknown => Object(JSON.parse(body)).detail

/** The client can send a message once, and can read why another one is refused. */
const check = Effect.fnUntraced(function* (send: (call: Call) => Effect.Effect<Told>) {
  const mock = yield* MockServer.make()
  const { baseUrl } = mock
  const { messageBody: variables, phoneNumber, templateId, webhookUrl } = sample

  assert.deepStrictEqual(yield* send({ baseUrl, phoneNumber, apiKey }), { status: 204, body: "" })
  yield* mock.expectMessage({
    accepted: true,
    phoneNumber,
    senderId,
    templateId,
    variables,
    webhookUrl,
  })

  const refused = yield* send({ baseUrl, phoneNumber: "+15005554005", apiKey })
  assert.strictEqual(refused.status, 400, refused.body)
  assert.strictEqual(detailOf(refused), "Template not found")
  yield* mock.expectMessage({ accepted: false, phoneNumber: "+15005554005", templateId, variables })

  const unknown = yield* send({ baseUrl, phoneNumber, apiKey: undefined })
  assert.strictEqual(unknown.status, 401, unknown.body)
  assert.isString(detailOf(unknown))

  assert.lengthOf(yield* mock.messages(), 2)
})

describe.concurrent("a client of another's making", { timeout: 180_000 }, () => {
  it.effect("sends a message and reads a refusal: the provider's SDK", () =>
    check(({ baseUrl, phoneNumber, apiKey: key }) =>
      Effect.promise(async () => {
        const client = new Sent({
          apiKey,
          baseURL: baseUrl,
          // The SDK requires a key. A header of null is not sent.
          defaultHeaders: {
            "x-sender-id": senderId,
            ...(key === undefined && { "x-api-key": null }),
          },
          logLevel: "off",
        })
        const answer = client.post(path, { body: { ...sample, phoneNumber } }).withResponse()
        return answer.then(
          async ({ data, response }) => {
            assert.isNull(data, "what it makes of an empty body")
            return { status: response.status, body: await response.text() }
          },
          (error: unknown) => {
            assert.instanceOf(error, Sent.APIError)
            const kind = key === undefined ? Sent.AuthenticationError : Sent.BadRequestError
            assert.strictEqual(error.constructor, kind)
            return { status: Number(error.status), body: JSON.stringify(error.error) }
          },
        )
      }),
    ),
  )

  for (const { missing, program } of found) {
    it.effect.skipIf(missing)(
      `gets through and can read a refusal: ${program.name}${missing ? ", which is not here" : ""}`,
      () => check(runWith(program)),
    )
  }
})
