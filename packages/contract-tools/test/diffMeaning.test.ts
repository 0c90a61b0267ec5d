/** Changes that mean more, or less, than their place says: defaults, and parameters that move. */
import { ContractDiff } from "@effect-sent/contract-tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

interface Parts {
  readonly shared?: ReadonlyArray<object>
  readonly get?: ReadonlyArray<object>
  readonly put?: ReadonlyArray<object>
  readonly body?: object
  readonly response?: object
  readonly more?: object
}

const document = ({ body, get, more, put, response, shared }: Parts): object => ({
  openapi: "3.1.0",
  info: { title: "Pets", version: "1.0.0" },
  paths: {
    "/pets/{id}": {
      ...(shared === undefined ? {} : { parameters: shared }),
      get: {
        ...(get === undefined ? {} : { parameters: get }),
        responses: {
          200: {
            description: "ok",
            content: { "application/json": { schema: response ?? { type: "object" } } },
          },
        },
      },
      put: {
        ...(put === undefined ? {} : { parameters: put }),
        requestBody: { content: { "application/json": { schema: body ?? { type: "object" } } } },
        responses: { 204: { description: "ok" } },
      },
    },
  },
  components: {
    parameters: { Id: { name: "id", in: "path", required: true, schema: { type: "string" } } },
  },
  ...more,
})

const compare = (old: Parts, next: Parts) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-"))),
    (folder) => {
      writeFileSync(join(folder, "old.json"), JSON.stringify(document(old)))
      writeFileSync(join(folder, "new.json"), JSON.stringify(document(next)))
      return Effect.map(
        ContractDiff.diff({ old: join(folder, "old.json"), new: join(folder, "new.json") }),
        ({ changes }) =>
          changes.map(({ direction, impact, rule }) => `${direction} ${impact} ${rule}`),
      )
    },
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  )

const id = { name: "id", in: "path", required: true, schema: { type: "string" } }
const ref = { $ref: "#/components/parameters/Id" }
const query = (schema: object, more: object = {}): object => ({
  name: "n",
  in: "query",
  schema,
  ...more,
})
const object = (properties: object, required: ReadonlyArray<string> = []): object => ({
  type: "object",
  properties,
  required,
})
const text = { type: "string" }
const withDefault = { type: "string", default: "a" }

describe("diff", () => {
  it.live.each<readonly [what: string, old: Parts, next: Parts, changes: ReadonlyArray<string>]>([
    ["a parameter moves to its path", { get: [id], put: [id] }, { shared: [id] }, []],
    ["a parameter moves to its operations", { shared: [ref] }, { get: [ref], put: [id] }, []],
    [
      "of two parameters, one moves",
      { get: [id, query(text)], put: [id] },
      { shared: [id], get: [query(text)] },
      [],
    ],
    [
      "an operation overrides the parameter of its path",
      { shared: [id], get: [id] },
      { get: [id], put: [id] },
      [],
    ],
    [
      "a parameter moves and gets required",
      { get: [id, query(text)], put: [id] },
      { shared: [id], get: [query(text, { required: true })] },
      ["request breaking parameter-became-required"],
    ],
    [
      "a parameter moves and reaches another operation",
      { get: [id, query(text)], put: [id] },
      { shared: [id, query(text, { required: true })], get: [] },
      ["request breaking parameter-became-required", "request breaking parameter-became-required"],
    ],
    [
      "the default of a parameter",
      { shared: [id], get: [query({ type: "integer", default: 10 })] },
      { shared: [id], get: [query({ type: "integer", default: 50 })] },
      ["request breaking default-changed"],
    ],
    [
      "the default of a property, which goes",
      { body: object({ a: withDefault }) },
      { body: object({ a: text }) },
      ["request breaking default-removed"],
    ],
    [
      "a default that is new",
      { body: object({ a: text }) },
      { body: object({ a: withDefault }) },
      ["request harmless default-added"],
    ],
    [
      "the default of a response",
      { response: object({ a: withDefault }) },
      { response: object({ a: { type: "string", default: "b" } }) },
      ["response breaking default-changed"],
    ],
    [
      "the default of a server's variable",
      { more: { servers: [{ url: "https://{h}.x", variables: { h: { default: "a" } } }] } },
      { more: { servers: [{ url: "https://{h}.x", variables: { h: { default: "b" } } }] } },
      ["request breaking default-changed"],
    ],
    [
      "a new required property with a default",
      { body: object({}) },
      { body: object({ a: withDefault }, ["a"]) },
      ["request addition required-with-default", "request addition added-schema"],
    ],
    [
      "a new required property with a default, and one without",
      { body: object({}) },
      { body: object({ a: withDefault, b: text }, ["a", "b"]) },
      [
        "request breaking required-properties-added",
        "request addition added-schema",
        "request addition added-schema",
      ],
    ],
    [
      "a new required parameter with a default",
      { shared: [id], get: [query(text)] },
      {
        shared: [id],
        get: [query(text), { name: "m", in: "query", required: true, schema: withDefault }],
      },
      ["request addition required-with-default"],
    ],
    [
      "a new required parameter without a default",
      { shared: [id], get: [query(text)] },
      {
        shared: [id],
        get: [query(text), { name: "m", in: "query", required: true, schema: text }],
      },
      ["request breaking parameter-became-required"],
    ],
  ])("rates %s", ([, old, next, expected]) =>
    Effect.map(compare(old, next), (changes) =>
      assert.deepStrictEqual(changes.toSorted(), expected.toSorted()),
    ),
  )
})
