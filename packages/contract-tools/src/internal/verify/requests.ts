/** Requests for an operation: a valid sample, its mutations, and generated ones. */
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
  /** The contract's first valid example, made safe to send. */
  readonly sample: JsonObject
  /** A request with this body and correct headers. */
  readonly withBody: (body: unknown) => WireRequest
  readonly withBytes: (body: Uint8Array) => WireRequest
  readonly isValid: (body: unknown) => boolean
  /** The ways to make a body invalid. */
  readonly mutations: ReadonlyArray<Mutation>
  /** Any valid body. */
  readonly valid: Arbitrary.Arbitrary<unknown>
  /** Any valid body with exactly one error. */
  readonly invalid: Arbitrary.Arbitrary<Invalid>
}

export interface Invalid {
  readonly name: string
  readonly body: unknown
}

/** Returns the reason, in words, when no requests can be made for the operation. */
export const makeRequests = (
  operation: Operation,
  credentials: Readonly<Record<string, string>>,
): Requests | string => {
  const { method, path, requestBody } = operation
  if (path.includes("{"))
    return "the path has parameters, and the contract gives no values for them"
  const schema = requestBody?.schema
  if (requestBody === undefined || !Predicate.isObject(schema))
    return "the operation has no JSON request body"
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  const isValid = ajv.compile(schema)
  const sample = requestBody.examples
    .map(({ value }) => makeSafe(value))
    .find((value): value is JsonObject => Predicate.isObject(value) && isValid(value))
  if (sample === undefined) return "the contract has no valid example of the request"

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

/** Generates from the contract's schema. Its patterns are trusted, as they are when a mock serves it. */
const arbitraryOf = (schema: object): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.schema(
    SchemaRepresentation.fromJsonSchemaDocument(
      JsonSchema.fromSchemaOpenApi3_1(Object.fromEntries(Object.entries(schema))),
      { patterns: "apply" },
    ),
  )
