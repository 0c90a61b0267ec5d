/** The diff: each kind of change, rated for the one whom it reaches, and what the version has to say of it. */
import { Contract, ContractDiff, ContractReport } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true })),
)

const write = (path: string, text: string) => Effect.promise(() => writeFile(path, text))
const bundled = Effect.promise(() => readFile(Contract.bundledPath, "utf8"))

type Edit = readonly [from: string, to: string]

const edited = (text: string, edits: ReadonlyArray<Edit>): string => {
  let result = text
  for (const [from, to] of edits) {
    assert.strictEqual(result.split(from).length, 2, `${from} stands there once`)
    result = result.replace(from, () => to)
  }
  return result
}

/** From the bundled contract to one with these edits, or the other way round. */
const diffOf = (edits: ReadonlyArray<Edit>, way: "there" | "back" = "there") =>
  Effect.gen(function* () {
    const directory = yield* folder
    const path = join(directory, "changed.yaml")
    yield* write(path, edited(yield* bundled, edits))
    return yield* way === "there"
      ? ContractDiff.diff({ old: Contract.bundledPath, new: path })
      : ContractDiff.diff({ old: path, new: Contract.bundledPath })
  }).pipe(Effect.scoped)

const lines = ({ changes }: ContractDiff.Difference): ReadonlyArray<string> =>
  changes.map(({ direction, impact, message }) => `${direction}: ${impact}: ${message}`)

/** Each is one edit, and what is said of it; forwards, and backwards. All are made in one document, so that they are one diff. */
const cases: ReadonlyArray<readonly [what: string, edit: Edit, there: RegExp, back: RegExp]> = [
  [
    "a required field of the request",
    ["required: [phoneNumber, templateId]", "required: [phoneNumber, templateId, messageBody]"],
    /^request: breaking: .*became required: `messageBody`/,
    /^request: harmless: required of Schema/,
  ],
  [
    "a stricter pattern of the request",
    [String.raw`'^\+[1-9][0-9]{6,14}$'`, String.raw`'^\+[1-9][0-9]{7,14}$'`],
    /^request: breaking: .*pattern/,
    /^request: breaking: .*pattern/,
  ],
  [
    "a header of the answer",
    ["        X-RateLimit-Limit:\n          $ref", "        X-RateLimit-Max:\n          $ref"],
    /^answer: breaking: .*X-RateLimit-Limit/,
    /^answer: breaking: .*X-RateLimit-Max/,
  ],
  [
    "a required property of an update",
    [
      "        - account_id\n        - message_id\n",
      "        - account_id\n        - agent_id\n        - message_id\n",
    ],
    /^update: harmless: more of payload is always in an update/,
    /^update: breaking: agent_id of payload may be missing in an update/,
  ],
  [
    "a property of an update",
    [
      "        account_id:\n          description: The account that sent",
      "        carrier:\n          description: Who carried it.\n          type: string\n        account_id:\n          description: The account that sent",
    ],
    /^update: addition: updates have schema carrier more/,
    /^update: breaking: updates no longer have the schema carrier/,
  ],
  [
    "a value in an update",
    [
      "        - SCHEDULED\n        - RECEIVED",
      "        - SCHEDULED\n        - EXPIRED\n        - RECEIVED",
    ],
    /^update: addition: message_status in updates may be EXPIRED/,
    /^update: harmless: message_status in updates has fewer values/,
  ],
  [
    "a header of an update",
    ["      name: x-webhook-id\n", "      name: x-webhook-key\n"],
    /^update: breaking: name of parameters 1 in updates is "x-webhook-key", and was "x-webhook-id"/,
    /^update: breaking: name of parameters 1 in updates is "x-webhook-id"/,
  ],
  [
    "a looser pattern of an update",
    [String.raw`pattern: '^message\.[a-z_]+$'`, "minLength: 1"],
    /^update: breaking: pattern of (?:event|sub_type) in updates is not there/,
    /^update: harmless: pattern of (?:event|sub_type) in updates/,
  ],
  [
    "a constant of an update",
    ["          type: string\n          const: messages", "          type: string"],
    /^update: breaking: const of field in updates is not there/,
    /^update: harmless: const of field in updates is "messages"/,
  ],
  [
    "a bound of an update",
    [
      "300 seconds either way.\n      schema:\n        description: Unix seconds.\n        type: integer\n        minimum: 0",
      "300 seconds either way.\n      schema:\n        description: Unix seconds.\n        type: integer\n        minimum: -1",
    ],
    /^update: breaking: minimum of schema in updates is -1/,
    /^update: harmless: minimum of schema in updates is 0/,
  ],
  [
    "a description of an update",
    ["description: When it happened.", "description: When."],
    /^update: harmless: timestamp is described otherwise/,
    /^update: harmless: timestamp is described otherwise/,
  ],
  [
    "an answer of the receiver",
    [
      "            4XX:\n              description: The receiver refuses the update. It is sent again all the same.\n",
      "",
    ],
    /^update: breaking: the receiver's answer 4XX is no longer understood/,
    /^update: addition: the receiver may answer otherwise at 4XX/,
  ],
  [
    "a magic number",
    ['phoneNumber: "+15005554005"', 'phoneNumber: "+15005554905"'],
    /^mock: breaking: the number \+15005554005 plays nothing any more/,
    /^mock: breaking: the number \+15005554905 plays nothing any more/,
  ],
  [
    "what a number plays",
    ["- { status: 204, delay: 5 }", "- { status: 204, delay: 4 }"],
    /^mock: breaking: the number \+15005552051 plays something else/,
    /^mock: breaking: the number \+15005552051 plays something else/,
  ],
  [
    "what an example says",
    ["detail: Invalid phone number", "detail: No such phone number"],
    /^mock: addition: the example invalid-phone-number of 400 says something else/,
    /^mock: addition: the example invalid-phone-number of 400 says something else/,
  ],
]

const edits = cases.map(([, edit]) => edit)
const there = diffOf(edits).pipe(Effect.runPromise)
const back = diffOf(edits, "back").pipe(Effect.runPromise)

describe("a change of", () => {
  it.effect.each(cases)("%s is rated for whom it reaches", ([, , forwards, backwards]) =>
    Effect.gen(function* () {
      const [one, other] = [
        lines(yield* Effect.promise(() => there)),
        lines(yield* Effect.promise(() => back)),
      ]
      assert.isTrue(
        one.some((line) => forwards.test(line)),
        `${forwards} is in\n${one.join("\n")}`,
      )
      assert.isTrue(
        other.some((line) => backwards.test(line)),
        `${backwards} is in\n${other.join("\n")}`,
      )
    }),
  )

  it.effect("nothing is no change, and one that is met on many ways is told once", () =>
    Effect.gen(function* () {
      const same = yield* diffOf([])
      assert.deepStrictEqual(same.changes, [])
      assert.isTrue(ContractReport.holds(same.report))
      const { changes } = yield* Effect.promise(() => there)
      // The payload is part of each of the three forms.
      assert.lengthOf(
        changes.filter(({ message }) => message.includes("schema carrier more")),
        1,
      )
      const carrier = changes.find(({ message }) => message.includes("carrier"))
      assert.strictEqual(
        carrier?.pointer,
        "#/components/schemas/MessageStatusPayload/properties/carrier",
      )
    }),
  )
})

describe("a status of the answer", () => {
  it.live("that is gone breaks, and a mock could not play what leads to it", () =>
    Effect.gen(function* () {
      const found = yield* diffOf([
        ['        "404":\n          $ref: "#/components/responses/NotFound"\n', ""],
      ])
      assert.deepStrictEqual(lines(found), [
        "answer: breaking: Response `404` was removed.",
        "mock: breaking: a mock cannot serve both: the scenario not-found has no answer 404",
      ])
    }),
  )
})

const version = (to: string): Edit => ["  version: 1.0.0", `  version: ${to}`]

describe("the version", () => {
  const breaking: Edit = [
    "required: [phoneNumber, templateId]",
    "required: [phoneNumber, templateId, messageBody]",
  ]
  const adding: Edit = [
    "        account_id:\n          description: The account that sent",
    "        carrier:\n          description: Who carried it.\n          type: string\n        account_id:\n          description: The account that sent",
  ]

  it.live.each<
    readonly [what: string, edits: ReadonlyArray<Edit>, severity: string, holds: boolean]
  >([
    ["a breaking change without a new version", [breaking], "error", false],
    ["a breaking change with a new minor version", [breaking, version("1.1.0")], "error", false],
    ["a breaking change with a new major version", [breaking, version("2.0.0")], "warning", true],
    ["a breaking change with a version that is none", [breaking, version("next")], "error", false],
    ["an addition without a new version", [adding], "warning", true],
    ["an addition with a new minor version", [adding, version("1.1.0")], "note", true],
  ])("is held to %s", ([, changes, severity, holds]) =>
    Effect.gen(function* () {
      const { report } = yield* diffOf(changes)
      assert.strictEqual(ContractReport.holds(report), holds)
      assert.deepStrictEqual(
        report.checks.flatMap(({ findings }) => findings.map((finding) => finding.severity)),
        [severity],
      )
      const [source] = report.checks.flatMap(({ findings }) =>
        findings.map((finding) => finding.source),
      )
      assert.isAbove(source?.line ?? 0, 300)
    }),
  )
})

describe("a git ref", () => {
  it.live("is the file as it was then", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const path = join(directory, "contract.yaml")
      const git = (...flags: ReadonlyArray<string>): string =>
        execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.com", ...flags], {
          cwd: directory,
          encoding: "utf8",
        })
      const text = yield* bundled
      yield* write(path, text)
      git("init", "-q", "-b", "main")
      git("add", ".")
      git("commit", "-qm", "first")
      yield* write(
        path,
        edited(text, [["required: [phoneNumber, templateId]", "required: [templateId]"]]),
      )
      const { before, changes } = yield* ContractDiff.diff({ old: "main", new: path })
      assert.strictEqual(before.name, "main:contract.yaml")
      assert.lengthOf(changes, 1)

      const unknown = yield* Effect.flip(ContractDiff.diff({ old: "no-such-branch", new: path }))
      assert.include(unknown.message, "no-such-branch is neither a file nor a commit")
      const option = yield* Effect.flip(ContractDiff.diff({ old: "--output=x", new: path }))
      assert.include(option.message, "neither a file nor a commit")
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [what: string, text: string | undefined, words: string]>([
    ["is not in a repository", "openapi: 3.1.0", "neither a file nor a commit"],
    ["has no new file", undefined, "there is no contract at"],
    ["has a new file that is no YAML", "a: [", "is no YAML"],
    ["has a new file that is no object", "- 1", "is no object"],
  ])("says when it %s", ([, text, words]) =>
    Effect.gen(function* () {
      const directory = yield* folder
      const path = join(directory, "contract.yaml")
      if (text !== undefined) yield* write(path, text)
      const error = yield* Effect.flip(ContractDiff.diff({ old: "main", new: path }))
      assert.include(error.message, words)
    }).pipe(Effect.scoped),
  )
})
