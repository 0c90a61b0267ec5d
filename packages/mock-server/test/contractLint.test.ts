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

/** With an operation whose request and refusal are of this schema; every rule of ours holds. */
function otherDocument(openapi: string, schema: object, value: object, more: object = {}): object {
  const examples = { cat: { summary: "A cat", value } }
  return {
    openapi,
    info: { title: "Pets", version: "1", description: "Pets." },
    paths: {
      "/callbacks/{a b}": {
        post: {
          description: "Takes a pet.",
          parameters: [
            {
              name: "a b",
              in: "path",
              required: true,
              description: "Which.",
              content: { "text/plain": { example: "x" } },
            },
          ],
          requestBody: {
            description: "A pet.",
            content: { "application/json": { schema, examples } },
          },
          responses: {
            "x-note": "no response",
            "200": { description: "Taken." },
            "4XX": {
              description: "Refused.",
              content: {
                "application/json": {
                  schema,
                  examples: {
                    ...examples,
                    far: { summary: "Elsewhere", externalValue: "https://example.com/far.json" },
                  },
                },
              },
            },
            default: { description: "Whatever." },
          },
          callbacks: {
            taken: {
              "x-note": "no URL",
              "{$request.body#/url}": {
                post: { description: "Taken.", responses: { default: { description: "Any." } } },
              },
            },
          },
        },
      },
    },
    ...more,
  }
}

const findings = ({ checks }: ContractReport.Report): ReadonlyArray<ContractReport.Finding> =>
  checks.flatMap((check) => check.findings)

/** Each of our rules, what breaks it in the bundled contract, and the line that is then found. */
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

/** Valid documents that say things in other ways than the bundled one. */
const otherWays: ReadonlyArray<readonly [what: string, document: object]> = [
  [
    "the words of OpenAPI 3.0",
    otherDocument(
      "3.0.3",
      {
        description: "A pet.",
        type: "object",
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
          parent: { $ref: "#/components/schemas/Parent", type: "integer" },
        },
      },
      { kind: null, age: 1, size: 9, parent: "x" },
      { components: { schemas: { Parent: { description: "A pet.", type: "string" } } } },
    ),
  ],
  [
    "schemas that leave much open",
    otherDocument(
      "3.1.0",
      {
        description: "A pet.",
        minProperties: 1,
        required: ["unheard-of"],
        prefixItems: [true, { description: "An age.", minimum: 0 }],
        properties: {
          "a#b c%d": { description: "Odd.", type: ["string", "integer"], default: 1 },
          any: true,
          friend: { $ref: "#/components/schemas/A%20friend" },
        },
      },
      { "unheard-of": 1, "a#b c%d": "x", any: [], friend: "Tom" },
      {
        components: {
          schemas: { "A friend": { description: "Named.", $anchor: "friend", type: "string" } },
        },
      },
    ),
  ],
  [
    "data that looks like a schema, a reference and an id",
    otherDocument(
      "3.1.0",
      { description: "A pet.", type: "object" },
      { $id: "http://[", properties: { a: { type: "nothing" } }, $schema: 1 },
    ),
  ],
  [
    "members of the root that have the names of keywords",
    otherDocument(
      "3.1.0",
      { description: "A pet.", type: "object" },
      {},
      {
        "x-a.b c": 1,
        title: "A title",
        type: "object",
        $schema: "https://spec.openapis.org/oas/3.1/schema/2022-10-07",
      },
    ),
  ],
]

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

  it.effect("applies every rule, and each finding leads to its line", () =>
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
      assert.isTrue(own.every((check) => check.findings.length > 0))
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

  it.effect.each(otherWays)("has nothing of its own to say of %s", ([, document]) =>
    Effect.gen(function* () {
      const report = yield* lintFiles({ "api.json": JSON.stringify(document) })
      const own = report.checks.filter(({ group }) => group === "rules")
      assert.deepStrictEqual(
        own.flatMap((check) => check.findings),
        [],
      )
    }),
  )

  it.effect("holds examples of 3.0 to what its words mean in 3.0", () =>
    Effect.gen(function* () {
      const properties = {
        age: { description: "Its age.", type: "integer", minimum: 0, exclusiveMinimum: true },
        size: { description: "Its size.", type: "integer", maxmum: 9 },
      }
      const schema = { description: "A pet.", type: "object", properties }
      const wrong = yield* lintFiles({
        "api.json": JSON.stringify(
          otherDocument("3.0.3", { ...schema, properties: { age: properties.age } }, { age: 0 }),
        ),
      })
      assert.include(
        findings(wrong).map(({ message }) => message),
        "/age must be > 0",
      )
      // What no version of OpenAPI knows is a misspelt keyword.
      const misspelt = yield* lintFiles({
        "api.json": JSON.stringify(otherDocument("3.0.3", schema, { age: 1 })),
      })
      assert.include(JSON.stringify(findings(misspelt)), "unknown keyword")
    }),
  )

  it.effect("says where even if there is a space in it, and goes on where schemas clash", () =>
    Effect.gen(function* () {
      const clash = { $id: "https://example.com/pet", type: "string" }
      const document = otherDocument(
        "3.1.0",
        { description: "A pet." },
        {},
        {
          components: { schemas: { "A b": clash, B: clash } },
        },
      )
      const text = JSON.stringify(document, undefined, 2)
      const report = yield* lintFiles({ "api.json": text })
      const found = findings(report)
      const nameless = found.find(
        ({ rule, where }) =>
          rule === "missing-descriptions" && where === "#/components/schemas/A b",
      )
      const line = text.split("\n").findIndex((one) => one.includes('"A b"')) + 1
      assert.strictEqual(nameless?.source?.line, line)
      assert.lengthOf(
        found.filter(({ rule }) => rule === "nonconforming-examples"),
        1,
      )
    }),
  )

  it.effect.each<readonly [what: string, files: Readonly<Record<string, string>>, words: string]>([
    ["no object", { "a.yaml": "- 1" }, "no YAML or JSON object"],
    ["no YAML", { "a.yaml": "a: [" }, "no YAML or JSON object"],
    ["no OpenAPI", { "a.yaml": "a: 1" }, "it is not OpenAPI 3"],
    [
      "OpenAPI 2",
      { "a.yaml": "swagger: '2.0'\ninfo: { title: Old, version: '1' }\npaths: {}\n" },
      "it is not OpenAPI 3",
    ],
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
