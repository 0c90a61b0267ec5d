/** Lint as its user calls it. That each rule fires on a document that was broken on purpose, the contract's own tests show. */
import { Contract, ContractLint, ContractReport } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Files in a folder of their own; the first is linted. */
const lintFiles = (files: Readonly<Record<string, string>>) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
    Effect.fnUntraced(function* (folder) {
      for (const [name, text] of Object.entries(files)) {
        yield* Effect.promise(() => writeFile(join(folder, name), text))
      }
      const [first = ""] = Object.keys(files)
      return yield* ContractLint.lint(join(folder, first))
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true })),
  )

const bundled = Effect.promise(() => readFile(Contract.bundledPath, "utf8"))

const change = (text: string, from: string, to: string): string => {
  assert.include(text, from)
  return text.replace(from, to)
}

const findings = ({ checks }: ContractReport.Report): ReadonlyArray<ContractReport.Finding> =>
  checks.flatMap((check) => check.findings)

describe("lint", () => {
  it.effect("finds nothing wrong with the bundled contract", () =>
    Effect.gen(function* () {
      const report = yield* ContractLint.lint()
      assert.deepStrictEqual(findings(report), [])
      assert.isAbove(report.checks.length, 12)
    }),
  )

  it.effect("says which rule, where in the document, and where in the file", () =>
    Effect.gen(function* () {
      const text = change(
        yield* bundled,
        String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
        String.raw`pattern: '^\+[1-9'`,
      )
      const report = yield* lintFiles({ "contract.yaml": text })
      assert.isFalse(ContractReport.holds(report))
      const found = findings(report).find(({ rule }) => rule === "patterns-that-do-not-compile")
      assert.strictEqual(
        found?.where,
        "#/components/schemas/SendToPhoneRequest/properties/phoneNumber",
      )
      const line = text.split("\n").findIndex((one) => one.trim() === "phoneNumber:") + 1
      assert.strictEqual(found?.source?.line, line)
      assert.strictEqual(found?.source?.column, 9)
      assert.match(found?.source?.file ?? "", /contract\.yaml$/)
    }),
  )

  it.effect("has Redocly's findings with their places, and warnings that do not make it fail", () =>
    Effect.gen(function* () {
      const text = yield* bundled
      const misspelt = yield* lintFiles({
        "contract.yaml": change(text, "  summary: Sends", "  sumary: Sends"),
      })
      const found = findings(misspelt).find(({ rule }) => rule === "struct")
      assert.isNumber(found?.source?.line)
      assert.isFalse(ContractReport.holds(misspelt))
    }),
  )

  it.effect(
    "looks at a contract of another shape, in several files, and at one of OpenAPI 3.0",
    () =>
      Effect.gen(function* () {
        const own = JSON.stringify({
          openapi: "3.0.3",
          info: { title: "Another", version: "1" },
          paths: {
            "/pets/{id}": {
              get: {
                parameters: [
                  {
                    name: "id",
                    in: "path",
                    required: true,
                    schema: { type: "string", pattern: "[" },
                  },
                ],
                responses: {
                  "200": {
                    description: "A pet.",
                    content: { "application/json": { schema: { $ref: "pet.yaml#/Pet" } } },
                  },
                  default: { description: "Whatever." },
                },
              },
            },
          },
        })
        const report = yield* lintFiles({
          "api.json": own,
          "pet.yaml":
            "Pet:\n  type: object\n  properties:\n    age: { type: integer, format: decade, nullable: true, example: 1 }\n",
        })
        const rules = findings(report).map(({ rule }) => rule)
        assert.includeMembers(rules, [
          "patterns-that-do-not-compile",
          "unknown-formats",
          "missing-descriptions",
        ])
        assert.notInclude(JSON.stringify(findings(report)), "unknown keyword")
      }),
  )

  it.effect.each<readonly [what: string, files: Readonly<Record<string, string>>, words: string]>([
    ["no object", { "a.yaml": "- 1" }, "no YAML or JSON object"],
    ["no YAML", { "a.yaml": "a: [" }, "no YAML or JSON object"],
    ["no OpenAPI", { "a.yaml": "a: 1" }, "cannot be served"],
  ])("says when a file is %s", ([, files, words]) =>
    Effect.map(Effect.flip(lintFiles(files)), ({ message }) => {
      assert.include(message, words)
    }),
  )

  it.effect("says when there is no file", () =>
    Effect.map(Effect.flip(ContractLint.lint("no/such.yaml")), ({ reason }) => {
      assert.strictEqual(reason._tag, "ContractNotFound")
    }),
  )
})
