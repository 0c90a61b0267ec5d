/** Lint as a user calls it. The contract's own tests show that each rule finds what was broken on purpose. */
import { Contract } from "@effect-sent/contract"
import { ContractLint, ContractReport } from "@effect-sent/contract-tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { ownRules } from "../src/internal/lint/rules.ts"

/** Files in a folder of their own; the first is linted. */
const lintFiles = (
  files: Readonly<Record<string, string>>,
  options: ContractLint.LintOptions = { rules: "strict" },
) =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
    Effect.fnUntraced(function* (folder) {
      for (const [name, text] of Object.entries(files)) {
        yield* Effect.promise(() => mkdir(dirname(join(folder, name)), { recursive: true }))
        yield* Effect.promise(() => writeFile(join(folder, name), text))
      }
      const [first = ""] = Object.keys(files)
      return yield* ContractLint.lint(join(folder, first), options)
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true })),
  )

const bundled = Effect.promise(() => readFile(Contract.bundledPath, "utf8"))

const change = (text: string, from: string, to: string): string => {
  assert.include(text, from)
  return text.replace(from, to)
}

interface Parts {
  readonly openapi: string
  readonly schema: object | boolean
  /** An example of it. */
  readonly value: unknown
  readonly operation?: object
  readonly schemas?: object
  readonly root?: object
}

/** A document that passes every rule of this package: its request and its error have one schema. */
const otherDocument = (parts: Parts): object => {
  const { openapi, operation, root, schema, schemas = {}, value } = parts
  const cat = { summary: "A cat", value }
  const far = { summary: "Elsewhere", externalValue: "https://example.com/far.json" }
  const parameter = { name: "a b", in: "path", required: true, description: "Which." }
  return {
    openapi,
    info: { title: "Pets", version: "1", description: "Pets." },
    paths: {
      "/callbacks/{a b}": {
        post: {
          description: "Takes a pet.",
          parameters: [{ ...parameter, content: { "text/plain": { example: "x" } } }],
          requestBody: {
            description: "A pet.",
            content: { "application/json": { schema, examples: { cat } } },
          },
          responses: {
            "x-note": "no response",
            "200": { description: "Taken." },
            "4XX": { $ref: "#/components/responses/Not%20taken" },
            default: { description: "Whatever." },
          },
          callbacks: {
            taken: {
              "x-note": "no URL",
              "{$request.body#/url}": { $ref: "#/components/pathItems/Taken" },
            },
          },
          ...operation,
        },
      },
    },
    components: {
      schemas,
      responses: {
        "Not taken": {
          description: "Refused.",
          content: { "application/json": { schema, examples: { cat, far } } },
        },
      },
      pathItems: {
        Taken: { post: { description: "Taken.", responses: { default: { description: "Any." } } } },
      },
    },
    ...root,
  }
}

const lintOther = (parts: Parts) =>
  lintFiles({ "api.json": JSON.stringify(otherDocument(parts), undefined, 2) })

const findings = ({ checks }: ContractReport.Report): ReadonlyArray<ContractReport.Finding> =>
  checks.flatMap((check) => check.findings)

/** Each rule of this package, a change that breaks it in the bundled contract, and the line of the finding. */
const broken: ReadonlyArray<readonly [rule: string, from: string, to: string, line: string]> = [
  [
    "patterns-that-do-not-compile",
    String.raw`x-sent-pattern: '^[\x21-\x7E]+$'`,
    "x-sent-pattern: '['",
    "apiKey:",
  ],
  ["unknown-formats", "format: uri-reference", "format: urI", "type:"],
  ["nonconforming-examples", 'order_id: "12345"', "order_id: 12345", "page-sample:"],
  ["missing-examples", "      example: 6ba7b810-9dad-11d1-80b4-00c04fd430c8\n", "", "WebhookId:"],
  [
    "uneven-error-examples",
    '            sender-id-invalid:\n              $ref: "#/components/examples/sender-id-invalid"\n',
    "",
    '"401":',
  ],
  ["unfit-scenarios", 'phoneNumber: "+15005552049"', 'phoneNumber: "+14155552671"', "blocked:"],
  [
    "examples-without-scenario",
    "{ example: scheduled, after: ",
    "{ example: queued, after: ",
    "post:",
  ],
  ["missing-descriptions", "        description: Unix seconds.\n", "", "schema:"],
  ["unfit-example-headers", 'Retry-After: "60"', 'Retry-After: "soon"', "too-many-requests:"],
  [
    "misused-extensions",
    "      value:\n        status: 403\n",
    "      x-sent-note: x\n      value:\n        status: 403\n",
    "x-sent-note: x",
  ],
  [
    "missing-required-messages",
    "          x-sent-required-message: TemplateId is required\n",
    "",
    "templateId:",
  ],
  [
    "crowded-callbacks",
    '      "{$request.body#/webhookUrl}":\n',
    '      "{$request.body#/webhookUrl}":\n        summary: Updates\n',
    '"{$request.body#/webhookUrl}":',
  ],
  [
    "guids-without-pattern",
    "          format: uuid\n          pattern: ",
    "          format: uuid\n          x-pattern: ",
    "templateId:",
  ],
  [
    "awkward-example-names",
    '$ref: "#/components/examples/not-found"',
    '$ref: "#/components/examples/forbidden"',
    "not-found:",
  ],
]

const pet = { description: "A pet.", type: "object" }

/** Documents that differ from the bundled one in form. */
const otherWays: ReadonlyArray<readonly [what: string, parts: Parts]> = [
  [
    "the keywords of OpenAPI 3.0",
    {
      openapi: "3.0.3",
      schema: {
        ...pet,
        xml: { name: "pet" },
        externalDocs: { url: "https://example.com" },
        discriminator: { propertyName: "kind" },
        example: { kind: "cat" },
        "x-internal.note": true,
        required: ["kind"],
        properties: {
          kind: { description: "Its kind.", type: "string", nullable: true, example: "cat" },
          age: { description: "Its age.", minimum: 0, exclusiveMinimum: true },
          size: { description: "Its size.", maximum: 9, exclusiveMaximum: false, nullable: true },
          breadth: { description: "Its breadth.", exclusiveMinimum: true },
          parent: { $ref: "#/components/schemas/Parent", type: "integer" },
        },
      },
      value: { kind: null, age: 1, size: 9, breadth: 0, parent: "x" },
      schemas: { Parent: { description: "A pet.", type: "string" } },
    },
  ],
  [
    "schemas with few constraints",
    {
      openapi: "3.1.0",
      schema: {
        description: "A pet.",
        minProperties: 1,
        required: ["unheard-of"],
        prefixItems: [true, { description: "An age.", minimum: 0 }],
        properties: {
          "a#b c%d": { description: "Odd.", type: ["string", "integer"], default: 1 },
          any: true,
          "x-sent-note": true,
          friend: { $ref: "#/components/schemas/A%20friend" },
        },
      },
      value: { "unheard-of": 1, "a#b c%d": "x", any: [], friend: "Tom" },
      schemas: { "A friend": { description: "Named.", $anchor: "friend", type: "string" } },
    },
  ],
  ["a schema that accepts anything", { openapi: "3.1.0", schema: true, value: [1] }],
  [
    "data that looks like a schema, a reference and an id",
    {
      openapi: "3.1.0",
      schema: {
        ...pet,
        properties: {
          a: { description: "A reference.", const: { $ref: "#/components/schemas/Pet" } },
          pet: { $ref: "#/components/schemas/Pet" },
        },
      },
      value: {
        $id: "http://[",
        properties: { a: { type: "nothing" } },
        $schema: 1,
        a: { $ref: "#/components/schemas/Pet" },
      },
      schemas: { Pet: pet },
    },
  ],
  [
    "members of the root with the names of keywords",
    {
      openapi: "3.1.0",
      schema: pet,
      value: {},
      root: {
        "x-a.b c": 1,
        title: "A title",
        type: "object",
        $schema: "https://spec.openapis.org/oas/3.1/schema/2022-10-07",
      },
    },
  ],
  [
    "scenarios of a request without a phone number",
    {
      openapi: "3.1.0",
      schema: pet,
      value: {},
      operation: {
        responses: { "200": { description: "Taken." } },
        "x-sent-scenarios": {
          taken: {
            summary: "Taken.",
            phoneNumber: "+15005550001",
            default: true,
            answers: [{ status: 200 }],
          },
        },
      },
    },
  ],
]

/** Files that refer to each other in a circle, each relative to itself. */
const splitFiles = (petText: string): Readonly<Record<string, string>> => ({
  "root.yaml": `
openapi: 3.1.0
info: { title: Pets, version: "1", description: Pets. }
paths: { /pets: { $ref: sp/pets.yaml } }
components:
  schemas:
    Age: { description: Its age., type: integer, minimum: 0, format: years }
`,
  "sp/pets.yaml": `
get:
  description: Lists pets.
  responses:
    "200":
      description: A pet.
      content:
        application/json:
          schema: { $ref: ./pet.yaml }
          examples:
            cat: { summary: A cat., value: { age: 3 } }
            dog: { summary: A dog., value: { age: -3 } }
`,
  "sp/pet.yaml": petText,
})
const splitPet =
  "description: A pet.\nproperties:\n  age: { $ref: ../root.yaml#/components/schemas/Age }\n"

describe("lint", () => {
  it.effect("finds nothing wrong with the bundled contract", () =>
    Effect.gen(function* () {
      const report = yield* ContractLint.lint()
      assert.deepStrictEqual(findings(report), [])
      assert.isAbove(report.checks.length, 12)
    }),
  )

  it.effect("reports the rule, the pointer, and the place in the file", () =>
    Effect.gen(function* () {
      const text = change(
        yield* bundled,
        String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
        String.raw`pattern: '^\+[1-9'`,
      )
      const report = yield* lintFiles({ "contract.yaml": text })
      assert.isFalse(ContractReport.passed(report))
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

  it.effect("applies every rule, and each finding has its line", () =>
    Effect.gen(function* () {
      let text = yield* bundled
      for (const [, from, to] of broken) text = change(text, from, to)
      const report = yield* lintFiles({ "contract.yaml": text })
      const lines = text.split("\n")
      const found = findings(report).map(
        ({ rule, source }) => `${rule}: ${(lines[(source?.line ?? 0) - 1] ?? "").trim()}`,
      )
      for (const [rule, , , line] of broken) assert.include(found, `${rule}: ${line}`)
      const own = report.checks.filter(({ group }) => group === "rules")
      assert.strictEqual(own.length, broken.length)
      const warnings = findings(report).filter(
        ({ rule, severity }) => severity === "warning" && Object.hasOwn(ownRules, rule),
      )
      assert.sameMembers(
        [...new Set(warnings.map(({ rule }) => rule))],
        ["guids-without-pattern", "awkward-example-names"],
      )
      assert.isTrue(own.every((check) => check.findings.length > 0))
    }),
  )

  it.effect("has Redocly's findings with their places, the nearest for a missing member", () =>
    Effect.gen(function* () {
      const text = change(yield* bundled, "      summary: Send a", "      sumary: Send a")
      const report = yield* lintFiles({ "contract.yaml": text })
      assert.isFalse(ContractReport.passed(report))
      const lineOf = (rule: string): string | undefined => {
        const found = findings(report).find((finding) => finding.rule === rule)
        return text.split("\n")[(found?.source?.line ?? 0) - 1]?.trim()
      }
      assert.strictEqual(lineOf("struct"), "sumary: Send a message to a phone number")
      assert.strictEqual(lineOf("operation-summary"), "post:")
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

  it.effect("follows the references of another file, relative to that file", () =>
    Effect.gen(function* () {
      const found = findings(yield* lintFiles(splitFiles(splitPet)))
      assert.notInclude(
        found.map(({ rule }) => rule),
        "no-unresolved-refs",
      )
      // The file that is referred back to is the same document.
      assert.lengthOf(
        found.filter(({ rule }) => rule === "unknown-formats"),
        1,
      )
      const own = found.filter(({ rule }) => rule === "nonconforming-examples")
      assert.deepStrictEqual(
        own.map(({ message, source, where }) => [
          message,
          where,
          basename(source?.file ?? ""),
          source?.line,
          source?.column,
        ]),
        [
          [
            "/age must be >= 0",
            "#/get/responses/200/content/application~1json/examples/dog",
            "pets.yaml",
            12,
            13,
          ],
        ],
      )
    }),
  )

  it.effect("reports each problem of another file once, at its place in that file", () =>
    Effect.gen(function* () {
      const report = yield* lintFiles(
        splitFiles(`${splitPet}  id: { type: string, pattern: "[" }\n`),
      )
      const found = findings(report).filter(
        ({ source }) => basename(source?.file ?? "") === "pet.yaml",
      )
      assert.sameDeepMembers(
        found
          .filter(({ rule }) => Object.hasOwn(ownRules, rule))
          .map(({ rule, source, where }) => [rule, where, source?.line, source?.column]),
        [
          ["patterns-that-do-not-compile", "#/properties/id", 4, 3],
          ["missing-descriptions", "#/properties/id", 4, 3],
        ],
      )
    }),
  )

  it.effect("checks keywords beside a reference, and values against both schemas", () =>
    Effect.gen(function* () {
      const $ref = "#/components/schemas/Pet"
      const report = yield* lintOther({
        openapi: "3.1.0",
        schema: {
          ...pet,
          properties: {
            b: { $ref, format: "pet", default: 1 },
            c: { $ref: "#/components/schemas/Cat" },
          },
        },
        value: { c: "ab" },
        schemas: {
          Pet: { description: "A pet.", type: "string", maxLength: 3 },
          Cat: { $ref, minLength: 3 },
          Dog: { $ref, pattern: "[" },
        },
      })
      const found = findings(report).map(({ message, rule }) => `${rule}: ${message}`)
      assert.includeMembers(found, [
        "unknown-formats: unknown format pet: validators ignore it",
        "nonconforming-examples: the value must be string",
        "nonconforming-examples: /c must NOT have fewer than 3 characters",
      ])
      assert.include(found.join("\n"), "patterns-that-do-not-compile: ")
    }),
  )

  it.effect("accepts x-sent-headers on an example in place", () =>
    Effect.gen(function* () {
      const cat = { summary: "A cat.", value: {}, "x-sent-headers": { "x-age": "3" } }
      const report = yield* lintOther({
        openapi: "3.1.0",
        schema: pet,
        value: {},
        operation: {
          responses: {
            "200": {
              description: "A pet.",
              headers: { "x-age": { description: "Its age.", schema: { type: "integer" } } },
              content: { "application/json": { schema: pet, examples: { cat } } },
            },
          },
        },
      })
      const rules = findings(report).map(({ rule }) => rule)
      assert.notInclude(rules, "misused-extensions")
      assert.notInclude(rules, "unfit-example-headers")
    }),
  )

  it.effect("reports a crowded callback where it is, not where its path item is", () =>
    Effect.gen(function* () {
      const pathItem = { summary: "Taken.", post: { responses: {} } }
      const report = yield* lintOther({
        openapi: "3.1.0",
        schema: pet,
        value: {},
        root: { components: { schemas: {}, pathItems: { Taken: pathItem } } },
      })
      const found = findings(report).find(({ rule }) => rule === "crowded-callbacks")
      assert.strictEqual(
        found?.where,
        "#/paths/~1callbacks~1{a b}/post/callbacks/taken/{$request.body#~1url}",
      )
    }),
  )

  it.effect("leaves out callbacks and webhooks where a rule is about callers", () =>
    Effect.gen(function* () {
      const refused = { description: "Refused.", content: { "application/json": {} } }
      const post = { description: "Sent.", responses: { "400": refused } }
      const report = yield* lintOther({
        openapi: "3.1.0",
        schema: pet,
        value: {},
        operation: { callbacks: { sent: { "{$request.body#/url}": { post } } } },
        root: { webhooks: { sent: { post } } },
      })
      assert.notInclude(
        findings(report).map(({ rule }) => rule),
        "uneven-error-examples",
      )
    }),
  )

  it.effect("finds two components of one name in two files", () =>
    Effect.gen(function* () {
      const friend = { $ref: "friend.json#/components/schemas/Pet" }
      const own = otherDocument({
        openapi: "3.1.0",
        schema: { ...pet, properties: { self: { $ref: "#/components/schemas/Pet" }, friend } },
        value: {},
        schemas: { Pet: pet },
      })
      const report = yield* lintFiles({
        "api.json": JSON.stringify(own),
        "friend.json": JSON.stringify({ components: { schemas: { Pet: pet } } }),
      })
      const found = findings(report).filter(({ rule }) => rule === "component-name-unique")
      const files = found.map(({ source }) => basename(source?.file ?? ""))
      assert.sameMembers(files, ["api.json", "friend.json"])
    }),
  )

  it.effect.each(otherWays)("has no findings of its own for %s", ([, parts]) =>
    Effect.map(lintOther(parts), (report) => {
      const own = report.checks.filter(({ group }) => group === "rules")
      assert.deepStrictEqual(
        own.flatMap((check) => check.findings),
        [],
      )
    }),
  )

  it.effect("reads the keywords of 3.0 as 3.0 defines them", () =>
    Effect.gen(function* () {
      const age = { description: "Its age.", type: "integer", minimum: 0, exclusiveMinimum: true }
      const schema = { ...pet, properties: { age } }
      const report = yield* lintOther({ openapi: "3.0.3", schema, value: { age: 0 } })
      assert.include(
        findings(report).map(({ message }) => message),
        "/age must be > 0",
      )
    }),
  )

  it.effect("reports an unknown keyword", () =>
    Effect.gen(function* () {
      const schema = { ...pet, maxmum: 9 }
      const report = yield* lintOther({ openapi: "3.0.3", schema, value: {} })
      assert.include(JSON.stringify(findings(report)), 'unknown keyword: \\"maxmum\\"')
    }),
  )

  it.effect("reports an unknown format once, and not for each example", () =>
    Effect.gen(function* () {
      const schema = { description: "A pet.", type: "string", format: "pet" }
      const report = yield* lintOther({ openapi: "3.1.0", schema, value: "cat" })
      const rules = findings(report).map(({ rule }) => rule)
      assert.include(rules, "unknown-formats")
      assert.notInclude(rules, "nonconforming-examples")
    }),
  )

  it.effect("does not resolve a reference to a missing file in this file", () =>
    Effect.gen(function* () {
      const lost = { $ref: "lost.json#/components/responses/Not taken" }
      const report = yield* lintOther({
        openapi: "3.1.0",
        schema: pet,
        value: {},
        operation: {
          responses: { "400": lost, "4XX": { $ref: "#/components/responses/Not%20taken" } },
        },
      })
      const found = findings(report).find(({ rule }) => rule === "uneven-error-examples")
      assert.strictEqual(found?.where, "#/paths/~1callbacks~1{a b}/post/responses/400")
    }),
  )

  it.effect("has a place for names with a space, and reports schemas with one $id", () =>
    Effect.gen(function* () {
      const clash = { $id: "https://example.com/pet", type: "string" }
      const schemas = { "A b": clash, B: clash }
      const parts: Parts = { openapi: "3.1.0", schema: pet, value: {}, schemas }
      const found = findings(yield* lintOther(parts))
      const nameless = found.find(
        ({ rule, where }) =>
          rule === "missing-descriptions" && where === "#/components/schemas/A b",
      )
      const lines = JSON.stringify(otherDocument(parts), undefined, 2).split("\n")
      assert.include(lines[(nameless?.source?.line ?? 0) - 1], '"A b"')
      const clashes = found.filter(({ rule }) => rule === "nonconforming-examples")
      assert.deepStrictEqual(
        clashes.map(({ where }) => where),
        ["#/components/schemas/B"],
      )
    }),
  )

  it.effect.each<readonly [what: string, files: Readonly<Record<string, string>>, words: string]>([
    ["a list", { "a.yaml": "- 1" }, "it is not an object, so it is not an OpenAPI document"],
    ["not YAML", { "a.yaml": "a: [" }, "a.yaml:1:5 cannot be used: it is not YAML or JSON: "],
    ["not OpenAPI", { "a.yaml": "a: 1" }, "it has no member `openapi`"],
    [
      "OpenAPI 2",
      { "a.yaml": "swagger: '2.0'\ninfo: { title: Old, version: '1' }\npaths: {}\n" },
      "it is OpenAPI 2.0 (Swagger): convert it first",
    ],
  ])("fails for a file that is %s", ([, files, words]) =>
    Effect.map(Effect.flip(lintFiles(files)), ({ message }) => {
      assert.include(message, words)
    }),
  )

  it.effect("fails when there is no file", () =>
    Effect.map(Effect.flip(ContractLint.lint("no/such.yaml")), ({ message }) => {
      assert.include(message, "no contract at")
    }),
  )
})
