/** The one way in: documents that are opened, and the words with which others are refused. */
import { Contract, ContractValidator, Document } from "@effect-sent/contract"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** Files in a temporary folder. Returns the path of the first. */
const files = (
  contents: Readonly<Record<string, string | Uint8Array>>,
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
    ),
    (folder) => {
      for (const [name, text] of Object.entries(contents)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text)
      }
      return join(folder, Object.keys(contents)[0] ?? "")
    },
  )

const head = 'openapi: 3.1.0\ninfo: { title: Pets, version: "1" }\n'

const bomb = [
  "a: &a [x, x, x, x, x, x, x, x, x, x]",
  ..."bcdefgh".split("").map((name, index) => {
    const before = "abcdefg"[index] ?? ""
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]`
  }),
].join("\n")

const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`

describe("a document is refused in words", () => {
  it.effect.each<readonly [what: string, content: string | Uint8Array, words: RegExp]>([
    ["empty", "", /a\.yaml cannot be used: it is empty$/],
    ["a comment", "# nothing\n", /a\.yaml cannot be used: it is empty$/],
    ["only a marker", "---\n", /it is empty$/],
    ["a tab in its indentation", "openapi: 3.1.0\ninfo:\n\ttitle: a\n", /a\.yaml:3:1 .*tab/],
    ["a key twice", `${head}paths: {}\ninfo: {}\n`, /a\.yaml:4:1 .*duplicated mapping key/],
    [
      "a key twice in JSON",
      '{\n  "openapi": "3.1.0",\n  "openapi": "3.0.0"\n}',
      /a\.yaml:3:4 .*duplicated/,
    ],
    [
      "JSON that ends early",
      '{ "openapi": "3.1.0",\n "info": ',
      /a\.yaml:2:\d+ .*not YAML or JSON/,
    ],
    ["two YAML documents", `${head}---\n${head}`, /several YAML documents/],
    ["not UTF-8", new Uint8Array([0x6f, 0x3a, 0x20, 0xff]), /it is not UTF-8/],
    ["UTF-16", Buffer.from(head, "utf16le"), /cannot be used: it /],
    ["a bomb of aliases", `${head}${bomb}`, /aliases expand to more than 5000000 values/],
    ["an alias in itself", `${head}x: &x [*x]`, /aliases contains itself|unidentified alias/],
    ["nested too deeply", `${head}x: ${deep}`, /nested|maxDepth/],
    ["Swagger", 'info: {}\nswagger: "2.0"\n', /a\.yaml:2:1 .*OpenAPI 2\.0 \(Swagger\): convert it/],
    ["a later version", "openapi: 3.3.0\n", /a\.yaml:1:1 .*"3\.3\.0"; OpenAPI 3\.0, 3\.1 and 3\.2/],
    ["a version as a number", "openapi: 3.1\n", /`openapi` must be a string/],
    ["another kind of document", "asyncapi: 3.0.0\n", /no member `openapi`/],
    ["a list", "- openapi", /it is not an object/],
  ])("when it is %s", ([, content, words]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(Document.open(yield* files({ "a.yaml": content })))
      assert.match(message, words)
      assert.notInclude(message, "\n")
    }).pipe(Effect.scoped),
  )

  it.effect.each([
    "https://example.com/api.yaml",
    "HTTP://127.0.0.1:1/a.json",
    "s3://bucket/a.yaml",
  ])("when it is the URL %s", (url) =>
    Effect.map(Effect.flip(Document.open(url)), ({ message }) =>
      assert.match(message, /a file; download it, or allow the network/),
    ),
  )
})

describe("a document is opened", () => {
  it.effect.each<readonly [what: string, text: string]>([
    ["with a byte order mark and lines of Windows", `\uFEFF${head.replaceAll("\n", "\r\n")}`],
    [
      "as JSON with tabs",
      '{\n\t"openapi": "3.0.3",\n\t"info": { "title": "\\ud83d\\ude00 \\/" }\n}',
    ],
    [
      "with merge keys, dates and aliases",
      `${head}x-a: &a { d: 2020-01-01 }\nx-b: { <<: *a }\nx-c: [*a, *a]\n`,
    ],
    ["as OpenAPI 3.2", head.replace("3.1.0", "3.2.0")],
    ["with keys of prototypes", `${head}x: { __proto__: { a: 1 }, constructor: 2 }\n`],
  ])("%s", ([, text]) =>
    Effect.gen(function* () {
      const { problems, value } = yield* Document.open(yield* files({ "a.yaml": text }))
      assert.deepStrictEqual(problems, [])
      assert.property(value, "openapi")
      assert.notProperty({}, "a")
    }).pipe(Effect.scoped),
  )

  it.effect("with the files that it refers to, however they refer to each other", () =>
    Effect.gen(function* () {
      const path = yield* files({
        "api/a.yaml": `${head}paths: { /a: { $ref: "./paths/b%20c.yaml" } }\ncomponents: { schemas: { S: { type: string } } }\n`,
        "api/paths/b c.yaml": 'get: { responses: { "200": { $ref: "../../r.json#/ok~1no" } } }\n',
        "r.json":
          '{ "ok/no": { "description": "ok", "content": { "application/json": { "schema": { "$ref": "api/a.yaml#/components/schemas/S" } } } } }',
      })
      const document = yield* Document.open(path)
      assert.deepStrictEqual(document.problems, [])
      const folder = dirname(dirname(path))
      assert.deepStrictEqual(
        [...document.files.keys()],
        [path, join(folder, "api/paths/b c.yaml"), join(folder, "r.json")],
      )
      const contract = yield* Contract.load(path)
      assert.deepStrictEqual(contract.files, [...document.files.keys()])
      assert.strictEqual(contract.operations.length, 1)
    }).pipe(Effect.scoped),
  )

  it.effect.each<readonly [reference: string, words: RegExp]>([
    ["https://example.com/a.yaml", /it is on another host, which is asked only if .* allowed/],
    ["//example.com/a.yaml", /on another host/],
    ["https://jane:secret@example.com/a.yaml", /reference to https:\/\/example.com\/a.yaml cannot/],
    ["./no.yaml", /there is no such file/],
    ["./", /it is a folder/],
    ["./broken.yaml#/a", /broken\.yaml:1:5: it is not YAML/],
    ["./bomb.yaml#/a", /bomb\.yaml:1:1: its YAML aliases expand/],
    ["./other.yaml#/no/such", /there is nothing at #\/no\/such/],
    ["#/components/schemas/No", /there is nothing at #\/components\/schemas\/No/],
    ["#no-anchor", /there is nothing at #no-anchor/],
  ])("and a reference to %s has a place", ([reference, words]) =>
    Effect.gen(function* () {
      const path = yield* files({
        "a.yaml": `${head}paths:\n  /a:\n    $ref: "${reference}"\n`,
        "other.yaml": "a: 1\n",
        "broken.yaml": "a: [",
        "bomb.yaml": bomb,
      })
      const { problems } = yield* Document.open(path)
      assert.strictEqual(problems.length, 1)
      const [problem] = problems
      assert.deepInclude(problem, { path, line: 5, column: 5 })
      assert.match(problem?.message ?? "", words)
      const { message } = yield* Effect.flip(Contract.load(path))
      assert.include(message, "a.yaml:5:5 cannot be used: the reference to ")
    }).pipe(Effect.scoped),
  )

  it.effect("and a reference in an example, or a property of that name, is none", () =>
    Effect.gen(function* () {
      const text = `${head}components: { schemas: { A: { properties: { $ref: { type: string } }, example: { $ref: ./no.yaml } } } }\n`
      const { problems } = yield* Document.open(yield* files({ "a.yaml": text }))
      assert.deepStrictEqual(problems, [])
    }).pipe(Effect.scoped),
  )
})

const operation = (schema: object, more: object = {}): object => ({
  requestBody: { content: { "application/json": { schema } } },
  responses: { 201: { description: "Made." } },
  ...more,
})

const schemasOf = (schemas: string) =>
  Effect.gen(function* () {
    const path = yield* files({
      "a.yaml": `${head}paths: { /a: { get: { responses: { "200": { $ref: "b.yaml#/ok" } } } } }\ncomponents:\n  schemas:\n${schemas}`,
      "b.yaml": `ok: { description: ok }\nT: { type: integer, properties: { own: { $ref: "#/T" } } }\n`,
    })
    const { document } = yield* Contract.load(path)
    assert.nestedPropertyVal(document, "paths./a.get.responses.200.description", "ok")
    const { components } = Object.assign({ components: { schemas: {} } }, document)
    return new Map<string, unknown>(Object.entries(components.schemas))
  }).pipe(Effect.scoped)

describe("a reference", () => {
  it.effect("becomes what it refers to, the same object wherever it is", () =>
    Effect.gen(function* () {
      const schemas = yield* schemasOf(
        [
          "    Alias: { $ref: '#/components/schemas/Node' }",
          "    Node: { properties: { next: { $ref: '#/components/schemas/Alias' } } }",
          "    Other: { properties: { node: { $ref: '#/components/schemas/Node' }, t: { $ref: 'b.yaml#/T' } } }",
          "    Anchored: { properties: { own: { $ref: '#anchor' } } }",
          "    Named: { $id: 'https://example.com/named', $anchor: anchor, type: string }",
        ].join("\n"),
      )
      const node = schemas.get("Node")
      assert.strictEqual(schemas.get("Alias"), node)
      assert.nestedProperty(node, "properties.next.properties.next")
      const { properties } = Object.assign(
        { properties: { node: {}, t: {} } },
        schemas.get("Other"),
      )
      assert.strictEqual(properties.node, node)
      assert.nestedPropertyVal(properties.t, "properties.own.type", "integer")
      assert.deepStrictEqual(schemas.get("Named"), { type: "string" })
      assert.deepNestedPropertyVal(schemas.get("Anchored"), "properties.own", { type: "string" })
    }),
  )

  it.effect("keeps what is beside it, and data is not a reference", () =>
    Effect.gen(function* () {
      const schemas = yield* schemasOf(
        [
          "    A: { $ref: '#/components/schemas/B', description: mine }",
          "    B: { type: object, description: theirs, properties: { a: { $ref: '#/components/schemas/A' } } }",
          "    C: { example: { $ref: no.yaml }, examples: [{ $ref: no.yaml }], properties: { $ref: { type: string }, example: { $ref: '#/components/schemas/B' } } }",
        ].join("\n"),
      )
      const [a, b, c] = ["A", "B", "C"].map((name) => schemas.get(name))
      assert.nestedPropertyVal(a, "description", "mine")
      assert.nestedPropertyVal(a, "type", "object")
      assert.nestedPropertyVal(a, "properties.a.description", "mine")
      assert.nestedPropertyVal(b, "description", "theirs")
      assert.deepNestedPropertyVal(c, "example", { $ref: "no.yaml" })
      assert.deepNestedPropertyVal(c, "examples", [{ $ref: "no.yaml" }])
      assert.deepNestedPropertyVal(c, "properties.$ref", { type: "string" })
      assert.nestedPropertyVal(c, "properties.example.description", "theirs")
    }),
  )

  it.effect("gets no `nullable` without a type, which would not compile", () =>
    Effect.gen(function* () {
      const schemas = yield* schemasOf(
        [
          "    A: { nullable: true, description: a }",
          "    B: { nullable: true, type: string, example: { nullable: true } }",
          "    C: { $ref: '#/components/schemas/B', nullable: false }",
          "    D: { $ref: '#/components/schemas/A', nullable: true }",
          "    E: { properties: { nullable: { type: string } } }",
        ].join("\n"),
      )
      assert.deepStrictEqual(Object.fromEntries(schemas), {
        A: { description: "a" },
        B: { nullable: true, type: "string", example: { nullable: true } },
        C: { nullable: false, type: "string", example: { nullable: true } },
        D: { description: "a" },
        E: { properties: { nullable: { type: "string" } } },
      })
    }),
  )

  it.effect("that leads in a circle stays, and costs nothing else", () =>
    Effect.gen(function* () {
      const schemas = yield* schemasOf(
        "    A: { $ref: '#/components/schemas/B' }\n    B: { $ref: '#/components/schemas/A' }\n    C: { type: string }",
      )
      assert.property(schemas.get("A"), "$ref")
      assert.deepStrictEqual(schemas.get("C"), { type: "string" })
    }),
  )
})

/** `type: text` does not compile. */
const uncompilable = { type: "object", properties: { a: { type: "text" } } }
const answer = (more: object): object => ({
  responses: { 200: { description: "Found.", ...more } },
})

describe("an operation that cannot be used", () => {
  it.effect("is left out with its reason, and costs no other", () =>
    Effect.gen(function* () {
      const good = { type: "object", required: ["name"], properties: { name: { type: "string" } } }
      const path = yield* files({
        "a.json": JSON.stringify({
          openapi: "3.1.0",
          info: { title: "Pets", version: "1" },
          paths: {
            "/good": { post: operation(good) },
            "/pattern": {
              post: operation({ type: "object", properties: { a: { pattern: "\\-" } } }),
            },
            "/type": { post: operation({ type: "object", properties: { a: { type: "text" } } }) },
            "/malformed": { post: { responses: [] } },
            "/security": { post: operation(good, { security: [{ token: [] }] }) },
            "/query": { query: operation(good) },
          },
        }),
      })
      const { contract } = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
      assert.deepStrictEqual(
        contract.operations.map((one) => one.path),
        ["/good"],
      )
      const reasons = Object.fromEntries(contract.omitted.map((one) => [one.path, one.reason]))
      assert.match(reasons["/pattern"] ?? "", /#\/paths\/~1pattern\/post\/.* does not compile/)
      assert.match(
        reasons["/type"] ?? "",
        /request schema of POST \/type for application\/json does not compile/,
      )
      assert.match(reasons["/malformed"] ?? "", /#\/paths\/~1malformed\/post is not an operation/)
      assert.match(reasons["/security"] ?? "", /scheme token, which is not declared/)
      assert.match(reasons["/query"] ?? "", /only the methods of OpenAPI 3\.1/)
    }).pipe(Effect.scoped),
  )

  it.effect.each<readonly [what: string, value: object, words: RegExp]>([
    [
      "a request",
      operation(uncompilable),
      /^the request schema of POST \/x for application\/json does not compile/,
    ],
    [
      "a request without a type",
      operation({ anyOf: [uncompilable, {}], not: { const: 1 } }),
      /^the request schema of POST \/x for application\/json does not compile/,
    ],
    [
      "a form",
      {
        ...operation({}),
        requestBody: { content: { "multipart/form-data": { schema: uncompilable } } },
      },
      /^the request schema of POST \/x for multipart\/form-data/,
    ],
    [
      "a response",
      answer({ content: { "application/json": { schema: uncompilable } } }),
      /^the schema of the response 200 of POST \/x for application\/json does not compile/,
    ],
    [
      "the second media type of a response",
      answer({
        content: {
          "application/json": { schema: {} },
          "application/a+json": { schema: uncompilable },
        },
      }),
      /^the schema of the response 200 of POST \/x for application\/a\+json/,
    ],
    [
      "a default response",
      {
        responses: {
          default: { description: "", content: { "a/json": { schema: uncompilable } } },
        },
      },
      /^the schema of the response default of POST \/x/,
    ],
    [
      "a response header",
      answer({ headers: { "x-a": { schema: { type: "text" } } } }),
      /^the schema of a header of the response 200 of POST \/x/,
    ],
    ...["query", "header"].map((place): readonly [string, object, RegExp] => [
      `a parameter in ${place}`,
      { ...answer({}), parameters: [{ name: "a", in: place, schema: { type: "text" } }] },
      /^the schema of a (?:query|header) parameter of POST \/x/,
    ]),
    [
      "a callback",
      {
        ...answer({}),
        callbacks: { done: { "{$request.body#/url}": { post: operation(uncompilable) } } },
      },
      /^the schema of the callback done of POST \/x for application\/json/,
    ],
  ])("is one whose schema of %s does not compile", ([, value, words]) =>
    Effect.gen(function* () {
      const path = yield* files({
        "a.json": JSON.stringify({
          openapi: "3.1.0",
          info: { title: "Pets", version: "1" },
          paths: { "/x": { post: value }, "/good": { post: operation({ type: "object" }) } },
        }),
      })
      const { contract } = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
      assert.deepStrictEqual(
        contract.operations.map((one) => one.path),
        ["/good"],
      )
      assert.match(contract.omitted[0]?.reason ?? "", words)
    }).pipe(Effect.scoped),
  )

  it.effect("is none whose schemas are of all sorts, as long as they compile", () =>
    Effect.gen(function* () {
      const schemas = [
        {},
        { type: ["string", "null"] },
        { type: ["string", "boolean", "object", "array"] },
        { $id: "https://example.com/a", type: "object" },
        { $id: "https://example.com/b", anyOf: [{ type: "object" }] },
        { allOf: [{ type: "object" }, { not: { required: ["a"] } }] },
        { not: { type: "string" } },
        { type: "object", $defs: { a: { type: "string" } }, properties: { a: { type: "string" } } },
        { enum: ["a", 1] },
      ]
      const parameters = ["query", "header"].map((place) => ({
        name: "a",
        in: place,
        schema: { type: "integer" },
      }))
      const paths = schemas.map((schema, index) => [
        `/${index}/{id}`,
        {
          parameters: [...parameters, { name: "id", in: "path", required: true, schema: {} }],
          post: {
            ...operation(schema),
            responses: {
              200: {
                description: "",
                headers: { "x-a": { schema: { type: "integer" } } },
                content: { "application/json": { schema }, "text/plain": { schema } },
              },
            },
          },
        },
      ])
      const path = yield* files({
        "a.json": JSON.stringify({
          openapi: "3.1.0",
          info: { title: "Pets", version: "1" },
          paths: Object.fromEntries(paths),
        }),
      })
      const { contract } = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
      assert.deepStrictEqual(contract.omitted, [])
      assert.strictEqual(contract.operations.length, schemas.length)
    }).pipe(Effect.scoped),
  )

  it.effect("is none with deprecated parameters, whose messages are valid", () =>
    Effect.gen(function* () {
      const old = { deprecated: true, schema: { type: "string" } }
      const path = yield* files({
        "a.json": JSON.stringify({
          openapi: "3.1.0",
          info: { title: "Pets", version: "1" },
          paths: {
            "/x": {
              get: {
                parameters: [{ ...old, name: "a", in: "query" }],
                responses: { 200: { description: "", headers: { "x-a": old } } },
              },
            },
          },
        }),
      })
      const validator = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
      const [found] = validator.contract.operations
      const body = new Uint8Array()
      assert(found !== undefined)
      const request = { method: "GET", target: "/x?a=1", headers: {}, body }
      assert.deepStrictEqual(yield* validator.request(found, request), [])
      const response = { status: 200, headers: { "x-a": "1" }, body }
      assert.deepStrictEqual(yield* validator.response(found, response), [])
    }).pipe(Effect.scoped),
  )

  it.effect("is one whose schemas refer to each other in too many ways", () =>
    Effect.gen(function* () {
      // As in Stripe's document: each refers to each, so there are 60! ways through them.
      const names = Array.from({ length: 60 }, (_, index) => `S${index}`)
      const properties = Object.fromEntries(
        names.map((name) => [name, { $ref: `#/components/schemas/${name}` }]),
      )
      const large = operation({ $ref: "#/components/schemas/S0" })
      const path = yield* files({
        "a.json": JSON.stringify({
          openapi: "3.1.0",
          info: { title: "Pets", version: "1" },
          paths: {
            "/large": { post: large, put: large },
            "/good": { post: operation({ type: "object" }) },
          },
          components: {
            schemas: Object.fromEntries(
              names.map((name) => [name, { type: "object", properties }]),
            ),
          },
        }),
      })
      const { contract } = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
      assert.deepStrictEqual(
        contract.operations.map((one) => one.path),
        ["/good"],
      )
      const reason = "its schemas expand to more than 50000 values"
      assert.deepStrictEqual(contract.omitted, [
        { method: "POST", path: "/large", reason },
        { method: "PUT", path: "/large", reason },
      ])
    }).pipe(Effect.scoped),
  )

  it.effect.each(["3.0.3", "3.1.0", "3.2.0"])(
    "is none that is recursive, in OpenAPI %s",
    (openapi) =>
      Effect.gen(function* () {
        const node = {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string" },
            left: { $ref: "#/components/schemas/Node" },
            children: { type: "array", items: { $ref: "#/components/schemas/Tree" } },
          },
        }
        const path = yield* files({
          "a.json": JSON.stringify({
            openapi,
            info: { title: "Trees", version: "1" },
            paths: { "/trees": { post: operation({ $ref: "#/components/schemas/Node" }) } },
            components: {
              schemas: { Node: node, Tree: { allOf: [{ $ref: "#/components/schemas/Node" }] } },
            },
          }),
        })
        const validator = yield* Effect.flatMap(Contract.load(path), ContractValidator.make)
        const [found] = validator.contract.operations
        assert.doesNotThrow(() => JSON.stringify(found?.requestBody?.schema))
        const violations = (value: unknown) =>
          found === undefined
            ? Effect.succeed("none")
            : Effect.map(
                validator.request(found, {
                  method: "POST",
                  target: "/trees",
                  headers: { "content-type": "application/json" },
                  body: new TextEncoder().encode(JSON.stringify(value)),
                }),
                (all) => all.map(({ rule, where }) => `${rule} ${where}`).join(),
              )
        const wrong = { name: "a", children: [{ name: "b", left: { name: "c", children: [{}] } }] }
        assert.strictEqual(yield* violations({ name: "a", children: [{ name: "b" }] }), "")
        assert.strictEqual(yield* violations(wrong), "required body/children/0/left/children/0")
      }).pipe(Effect.scoped),
  )
})
