/** Requests for an operation: the valid one that all others are made of, and the ones with something wrong. */
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Arbitrary from "effect/Arbitrary"
import * as JsonSchema from "effect/JsonSchema"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import type { Operation } from "@effect-sent/contract/Contract"
import type { WireRequest } from "@effect-sent/contract/ContractValidator"
import { type JsonObject, type Mutation, mutationsOf } from "./mutations.ts"
import { makeSafe } from "./safe.ts"

export interface Requests {
  /** The first example of the contract, made harmless. */
  readonly sample: JsonObject
  /** A request with this body and headers that are all as they should be. */
  readonly withBody: (body: unknown) => WireRequest
  readonly withBytes: (body: Uint8Array) => WireRequest
  readonly isValid: (body: unknown) => boolean
  /** What can be wrong with a body. */
  readonly mutations: ReadonlyArray<Mutation>
  /** Any valid body. */
  readonly valid: Arbitrary.Arbitrary<unknown>
  /** Any valid body with exactly one thing wrong. */
  readonly invalid: Arbitrary.Arbitrary<Invalid>
}

export interface Invalid {
  readonly name: string
  readonly body: unknown
}

/** Undefined for an operation that these requests cannot be made for, with the reason in words. */
export const makeRequests = (
  operation: Operation,
  credentials: Readonly<Record<string, string>>,
): Requests | string => {
  const { method, path, requestBody } = operation
  if (path.includes("{")) return "its path has parameters, for which the contract names no values"
  const schema = requestBody?.schema
  if (requestBody === undefined || !Predicate.isObject(schema)) return "it takes no JSON body"
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const isValid = ajv.compile(schema)
  const sample = requestBody.examples
    .map(({ value }) => makeSafe(value))
    .find((value): value is JsonObject => Predicate.isObject(value) && isValid(value))
  if (sample === undefined) return "the contract has no valid example of its request"

  const mutations = mutationsOf(schema)
  const headers = {
    "content-type": requestBody.mediaTypes[0] ?? "application/json",
    ...credentials,
  }
  const withBytes = (body: Uint8Array): WireRequest => ({ method, target: path, headers, body })
  const valid = arbitraryOf(schema).pipe(
    Arbitrary.map(makeSafe),
    Arbitrary.filter((body) => isValid(body)),
  )
  return {
    sample,
    withBytes,
    withBody: (body) => withBytes(new TextEncoder().encode(JSON.stringify(body))),
    isValid: (body) => isValid(body),
    mutations,
    valid,
    invalid: Arbitrary.all({ body: valid, index: indexBelow(mutations.length) }).pipe(
      Arbitrary.map(({ body, index }): Invalid => {
        const mutation = mutations[index]
        return {
          name: mutation?.name ?? "",
          body: Predicate.isObject(body) ? mutation?.apply(toJsonObject(body)) : undefined,
        }
      }),
      Arbitrary.filter(({ body }) => body !== undefined && !isValid(body)),
    ),
  }
}

const toJsonObject = (object: object): JsonObject => Object.fromEntries(Object.entries(object))

const indexBelow = (bound: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: bound - 1 })))

/** From the contract's own schema; its patterns are trusted, as they are when the contract is served. */
const arbitraryOf = (schema: object): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.schema(
    SchemaRepresentation.fromJsonSchemaDocument(
      JsonSchema.fromSchemaOpenApi3_1(Object.fromEntries(Object.entries(schema))),
      { patterns: "apply" },
    ),
  )
