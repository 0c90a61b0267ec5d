/** Which rules apply: those of Redocly's own configuration, and the chosen ones of this package. */
import { ContractLint, ContractReport } from "@effect-sent/contract-tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Clean for Redocly, and far from how the bundled contract is written. Its example does not match. */
const pets = `
openapi: 3.1.0
info: { title: Pets, version: 1.0.0, license: { name: MIT, url: "https://example.org/mit" } }
servers: [{ url: "https://api.example.org" }]
security: [{ key: [] }]
paths:
  /pets:
    get:
      operationId: list
      summary: List pets
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema: { type: object, properties: { id: { type: string, format: uuid, minLength: 1, default: 1 } } }
        "400": { description: bad }
components: { securitySchemes: { key: { type: apiKey, in: header, name: k } } }
`

const lint = (files: Readonly<Record<string, string>>, options: ContractLint.LintOptions = {}) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-"))),
    (folder) => {
      for (const [name, text] of Object.entries({ "api.yaml": pets, ...files })) {
        writeFileSync(join(folder, name), text)
      }
      const { config, ...others } = options
      return ContractLint.lint(join(folder, "api.yaml"), {
        ...others,
        ...(config === undefined ? {} : { config: join(folder, config) }),
      })
    },
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  )

const found = ({ checks }: ContractReport.Report): ReadonlyArray<string> =>
  checks.flatMap(({ findings }) => findings.map(({ rule, severity }) => `${severity} ${rule}`))

describe("lint of another document", () => {
  it.effect("finds mistakes, and nothing that is a matter of style", () =>
    Effect.gen(function* () {
      const report = yield* lint({})
      assert.deepStrictEqual(found(report), ["warning nonconforming-examples"])
      assert.isTrue(ContractReport.passed(report))
      assert.deepStrictEqual(report.summary, [
        "0 findings by Redocly's rules, 1 by the rules of effect-sent",
      ])
      assert.isAbove(found(yield* lint({}, { rules: "strict" })).length, 5)
      assert.deepStrictEqual(found(yield* lint({}, { rules: "none" })), [])
    }),
  )

  it.effect.each<
    readonly [
      what: string,
      files: Readonly<Record<string, string>>,
      options: ContractLint.LintOptions,
      rules: ReadonlyArray<string>,
    ]
  >([
    [
      "a rule of Redocly",
      { "redocly.yaml": "rules: { operation-description: error }" },
      {},
      ["error operation-description", "warning nonconforming-examples"],
    ],
    [
      "a rule of this package",
      {
        "redocly.yaml":
          "extends: [minimal]\nrules: { effect-sent/nonconforming-examples: off, effect-sent/missing-examples: warn }",
      },
      {},
      ["warning missing-examples"],
    ],
    [
      "a severity",
      { "redocly.yaml": "rules: { effect-sent/nonconforming-examples: { severity: error } }" },
      {},
      ["error nonconforming-examples"],
    ],
    [
      "an API of its own",
      {
        "redocly.yaml":
          "apis: { main: { root: ./api.yaml, rules: { operation-description: warn } }, other: { root: b.yaml, rules: { tags-alphabetical: error } } }",
      },
      { rules: "none" },
      ["warning operation-description"],
    ],
    [
      "findings to ignore",
      {
        "redocly.yaml": "rules: { operation-description: error }",
        ".redocly.lint-ignore.yaml":
          "api.yaml: { operation-description: ['#/paths/~1pets/get/description'] }",
      },
      { rules: "none" },
      [],
    ],
    ["a rule to skip", { "redocly.yaml": "{}" }, { skipRules: ["nonconforming-examples"] }, []],
    [
      "a rule of Redocly to skip",
      { "redocly.yaml": "rules: { operation-description: error }" },
      { rules: "none", skipRules: ["operation-description"] },
      [],
    ],
  ])("follows Redocly's configuration: %s", ([, files, options, rules]) =>
    Effect.map(lint(files, { ...options, config: "redocly.yaml" }), (report) =>
      assert.deepStrictEqual(found(report).toSorted(), rules.toSorted()),
    ),
  )

  it.effect.each<
    readonly [
      what: string,
      files: Readonly<Record<string, string>>,
      options: ContractLint.LintOptions,
      words: RegExp,
    ]
  >([
    ["a file that is not there", {}, { config: "no.yaml" }, /no\.yaml/],
    [
      "YAML that is broken",
      { "redocly.yaml": "a: [" },
      { config: "redocly.yaml" },
      /redocly\.yaml/,
    ],
    [
      "a preset that does not exist",
      { "redocly.yaml": "extends: [best]" },
      { config: "redocly.yaml" },
      /best/,
    ],
    [
      "a rule to skip that does not exist",
      {},
      { skipRules: ["no-such-rule"] },
      /there is no rule no-such-rule/,
    ],
  ])("fails in words for %s", ([, files, options, words]) =>
    Effect.map(Effect.flip(lint(files, options)), ({ message }) => {
      assert.match(message, words)
      assert.notInclude(message, "    at ")
    }),
  )
})
