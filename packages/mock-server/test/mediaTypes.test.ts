/** Contracts with other media types than JSON: served as declared, or refused with what to do. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { assertProblem, jsonOf } from "./support/calls.ts"
import { files } from "./support/contracts.ts"

const thing = {
  type: "object",
  required: ["name"],
  additionalProperties: false,
  properties: {
    name: { type: "string", minLength: 2 },
    count: { type: "integer" },
    urgent: { type: "boolean" },
    tags: { type: "array", items: { type: "string" } },
    details: { type: "object", properties: { age: { type: "integer" } } },
    file: { type: "string" },
  },
}

const document = {
  openapi: "3.0.3",
  info: { title: "Media types", version: "1.0.0" },
  paths: {
    "/things": {
      post: {
        requestBody: {
          content: {
            "application/json; charset=utf-8": { schema: thing },
            "application/vnd.other+json": { schema: { type: "array" } },
            "application/x-www-form-urlencoded": { schema: thing },
            "multipart/form-data": { schema: thing },
            "application/xml": { schema: thing },
            "text/*": { schema: { type: "string", maxLength: 5 } },
          },
        },
        responses: { "201": { description: "Made." } },
      },
      get: {
        responses: {
          "200": {
            description: "The thing.",
            content: {
              "application/json": { schema: thing, example: { name: "Jane" } },
              "application/xml": { schema: thing, example: "<thing><name>Jane</name></thing>" },
              "application/yaml": { schema: thing },
              "text/plain": { schema: { type: "string" }, example: "Jane" },
            },
          },
          "409": {
            description: "Taken.",
            content: {
              "application/problem+json": { examples: { taken: { value: { title: "Taken" } } } },
              "application/json": {},
            },
          },
        },
      },
    },
  },
}

const call = Effect.fnUntraced(function* (method: string, init: RequestInit) {
  const mock = yield* MockServer.make({ contract: yield* files(["contract.json", document]) })
  const response = yield* Effect.promise(() => fetch(`${mock.baseUrl}/things`, { method, ...init }))
  const answer = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: yield* Effect.promise(() => response.text()),
  }
  return { mock, answer }
})

const post = (type: string, body: string) =>
  call("POST", { body, headers: { "content-type": type } })

const multipart = (...parts: ReadonlyArray<readonly [disposition: string, text: string]>): string =>
  `${parts.map(([name, text]) => `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\n${text}\r\n`).join("")}--b--\r\n`

const form = "application/x-www-form-urlencoded"

describe("a request body", { concurrent: true }, () => {
  it.effect.each([
    ["application/json", '{"name":"Jane"}'],
    ["Application/JSON; Charset=UTF-8", '{"name":"Jane"}'],
    // Prism alone takes this type for `application/json`, and refuses the body.
    ["application/vnd.other+json", "[1]"],
    [form, "name=Jane+Doe&count=2&urgent=true&tags=a&tags=b&details[age]=3"],
    [form, "name=Jane&tags=a&details=%7B%22age%22%3A3%7D"],
    [
      "multipart/form-data; boundary=b",
      multipart(['name="name"', "Jane"], ['name="file"; filename="a.txt"', "content"]),
    ],
    ["text/plain", "short"],
  ] as const)("of the declared type %s is validated and accepted: %s", ([type, body]) =>
    Effect.gen(function* () {
      const { answer, mock } = yield* post(type, body)
      assert.strictEqual(answer.status, 201, answer.body)
      assert.strictEqual((yield* mock.messages())[0]?.request.body, body)
    }),
  )

  it.effect.each([
    ["application/json", "{}", { name: ["name is required"] }],
    ["application/vnd.other+json", '{"name":"Jane"}', { $: ["Must be an array"] }],
    [form, "count=2", { name: ["name is required"] }],
    [form, "name=Jane&count=two", { count: ["Must be an integer"] }],
    [form, "name=Jane&other=1", { other: ["Unknown field"] }],
    [form, "name=Jane&details[age]=old", { "details.age": ["Must be an integer"] }],
    [
      "multipart/form-data; boundary=b",
      multipart(['name="name"', "J"]),
      { name: ["Must NOT have fewer than 2 characters"] },
    ],
    ["text/plain", "too long", { $: ["Must NOT have more than 5 characters"] }],
  ] as const)("of %s that violates its schema is refused: %s", ([type, body, errors]) =>
    Effect.gen(function* () {
      const { answer } = yield* post(type, body)
      assert.strictEqual(answer.status, 400, answer.body)
      assert.deepStrictEqual(Object(jsonOf(answer)).errors, errors)
    }),
  )

  it.effect.each([
    [
      "application/yaml",
      "name: Jane",
      415,
      "The request body must be application/json; charset=utf-8 or application/vnd.other+json or " +
        "application/x-www-form-urlencoded or multipart/form-data or application/xml or text/*",
    ],
    [
      "application/xml",
      "<name>Jane</name>",
      415,
      "The mock cannot read application/xml with this schema; send application/json; charset=utf-8 or " +
        "application/vnd.other+json or application/x-www-form-urlencoded or multipart/form-data",
    ],
    ["application/vnd.other+json", "[", 400, "not valid JSON: unexpected end"],
    [
      "multipart/form-data",
      "x",
      400,
      "not valid multipart/form-data: the content-type header has no boundary",
    ],
    [
      "multipart/form-data; boundary=b",
      "x",
      400,
      "The request body is not valid multipart/form-data",
    ],
  ] as const)("of %s that cannot be read is refused in words: %s", ([type, body, status, words]) =>
    Effect.gen(function* () {
      const { answer, mock } = yield* post(type, body)
      assert.include(assertProblem(answer, status), words)
      const [refused] = yield* mock.refused
      assert.include(refused?.refusal?.reason, words)
    }),
  )

  it.effect("of a form is shown by its members", () =>
    Effect.gen(function* () {
      const { mock } = yield* post(form, "name=Jane&phoneNumber=%2B1234567890")
      const [refused] = yield* mock.refused
      assert.strictEqual(refused?.phoneNumber, "+1234567890")
    }),
  )
})

const get = (headers: Readonly<Record<string, string>>) =>
  Effect.map(call("GET", { headers }), ({ answer }) => answer)

describe("an answer", { concurrent: true }, () => {
  it.effect.each([
    ["*/*", "application/json", '{"name":"Jane"}'],
    ["application/xml", "application/xml", "<thing><name>Jane</name></thing>"],
    ["application/xml;q=0.5, text/plain", "text/plain", "Jane"],
    // Declared by no response: RFC 9110 allows to disregard the header.
    ["text/csv", "application/json", '{"name":"Jane"}'],
  ] as const)("to Accept: %s is the example of %s", ([accept, type, body]) =>
    Effect.gen(function* () {
      const answer = yield* get({ accept })
      assert.deepStrictEqual(
        [answer.status, answer.headers["content-type"], answer.body],
        [200, type, body],
      )
    }),
  )

  it.effect("in a declared type without an example that is a text is refused with 406", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        assertProblem(yield* get({ accept: "application/yaml" }), 406),
        "The contract has no example in application/yaml that is a text; available: application/json",
      )
    }),
  )

  it.effect("has the example of another JSON type when its own has none", () =>
    Effect.gen(function* () {
      const answer = yield* get({ accept: "application/json", prefer: "example=taken" })
      assert.strictEqual(answer.headers["content-type"], "application/json")
      assert.strictEqual(answer.body, '{"title":"Taken"}')
    }),
  )
})
