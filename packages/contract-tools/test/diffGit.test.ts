/** Diff against a git ref: in a shallow clone, in a hook of a linked worktree, for split files, and for a new contract. */
import { ContractDiff, ContractReport } from "@effect-sent/contract-tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-git-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

const git = (cwd: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(
    "git",
    [
      "-c",
      "user.name=A",
      "-c",
      "user.email=a@example.com",
      "-c",
      "protocol.file.allow=always",
      ...args,
    ],
    { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  )

const write = (root: string, files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

const path = (required: string): string => `
post:
  requestBody:
    content: { application/json: { schema: { $ref: "../schemas/pet.yaml#/Pet" } } }
  responses: { "204": { description: ${required} } }
`

const pet = (required: string): string => `
Pet: { type: object, required: [${required}], properties: { name: { type: string }, owner: { $ref: ./owner.yaml } } }
`

const split = (required: string): Readonly<Record<string, string>> => ({
  "api/openapi.yaml": `
openapi: 3.1.0
info: { title: Pets, version: 1.0.0 }
paths: { /pets: { $ref: ./paths/pets%20x.yaml } }
`,
  "api/paths/pets x.yaml": path("ok"),
  "api/schemas/pet.yaml": pet(required),
  "api/schemas/owner.yaml": "type: string\n",
})

const repository = Effect.map(folder, (root) => {
  git(root, "init", "--quiet", "--initial-branch=main")
  write(root, split("name"))
  git(root, "add", ".")
  git(root, "commit", "--quiet", "-m", "first")
  return root
})

const rulesOf = ({ changes }: ContractDiff.Difference): ReadonlyArray<string> =>
  changes.map(({ impact, rule }) => `${impact} ${rule}`)

const required = ["breaking required-properties-added"]

describe("diff with a git ref", () => {
  it.live("reads all files of a contract out of the same commit", () =>
    Effect.gen(function* () {
      const root = yield* repository
      write(root, split("name, owner"))
      const difference = yield* ContractDiff.diff({
        old: "main",
        new: join(root, "api/openapi.yaml"),
      })
      assert.deepStrictEqual(rulesOf(difference), required)
      assert.strictEqual(difference.before.name, "main:api/openapi.yaml")
    }).pipe(Effect.scoped),
  )

  it.live("names the file and the line of a broken reference in the commit", () =>
    Effect.gen(function* () {
      const root = yield* repository
      git(root, "rm", "--quiet", "api/schemas/owner.yaml")
      git(root, "commit", "--quiet", "-m", "broken")
      write(root, split("name"))
      const error = yield* Effect.flip(
        ContractDiff.diff({ old: "HEAD", new: join(root, "api/openapi.yaml") }),
      )
      assert.match(
        error.message,
        /^HEAD:api\/schemas\/pet\.yaml:2:\d+ cannot be used: the reference to \.\/owner\.yaml cannot be followed: there is no such file$/,
      )
    }).pipe(Effect.scoped),
  )

  it.live("in a shallow clone takes a branch of the remote, or says how to fetch it", () =>
    Effect.gen(function* () {
      const root = yield* repository
      git(root, "checkout", "--quiet", "-b", "change")
      write(root, split("name, owner"))
      git(root, "commit", "--quiet", "-am", "second")
      const clone = join(yield* folder, "clone")
      git(root, "clone", "--quiet", "--depth=1", "--branch=change", `file://${root}`, clone)
      const options = { old: "main", new: join(clone, "api/openapi.yaml") }
      const { message } = yield* Effect.flip(ContractDiff.diff(options))
      const [, command = ""] = /shallow clone: fetch it first, with git (.+)$/.exec(message) ?? []
      git(clone, ...command.split(" "))
      assert.deepStrictEqual(rulesOf(yield* ContractDiff.diff(options)), required)
    }).pipe(Effect.scoped),
  )

  it.live("has no breaking changes for a contract that is new", () =>
    Effect.gen(function* () {
      const root = yield* repository
      const file = join(root, "api/new.yaml")
      write(root, { "api/new.yaml": split("name")["api/openapi.yaml"] ?? "" })
      const difference = yield* ContractDiff.diff({ old: "main", new: file })
      assert.deepStrictEqual(rulesOf(difference), ["harmless contract-added"])
      assert.deepStrictEqual(
        [difference.requiredBump, ContractReport.passed(difference.report)],
        ["none", true],
      )
      const named = yield* Effect.flip(ContractDiff.diff({ old: "main:api/no.yaml", new: file }))
      assert.include(named.message, "main has no file api/no.yaml")
    }).pipe(Effect.scoped),
  )

  // Windows runs hooks with a shell of git.
  it.live.skipIf(process.platform === "win32")(
    "reads the repository of the contract in a hook of a linked worktree",
    () =>
      Effect.gen(function* () {
        const root = yield* repository
        const tree = join(yield* folder, "tree")
        git(root, "worktree", "add", "--quiet", "-b", "linked", tree)
        const hook = join(root, ".git/hooks/pre-commit")
        write(root, {
          ".git/hooks/pre-commit": `#!/bin/sh\nexec "${process.execPath}" "${bin}" diff HEAD api/openapi.yaml > "$REPORT" 2>&1\n`,
        })
        chmodSync(hook, 0o755)
        write(tree, split("name, owner"))
        const report = join(root, "report.txt")
        const committed = spawnSync(
          "git",
          ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-am", "change"],
          { cwd: tree, env: { ...process.env, REPORT: report }, encoding: "utf8" },
        )
        const text = execFileSync("cat", [report], { encoding: "utf8" })
        assert.strictEqual(committed.status, 1, text)
        assert.include(text, "required-properties-added")
      }).pipe(Effect.scoped),
    60_000,
  )
})
