/** Requests for an operation: a valid one, its variations, and generated ones. */
import type { Contract, Operation } from "@effect-sent/contract/Contract"
import { messageOf } from "@effect-sent/contract/ContractError"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import * as Arbitrary from "effect/Arbitrary"
import * as JsonSchema from "effect/JsonSchema"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { type CredentialSource, type Held, heldBy, withCredentials } from "./credentials.ts"
import { type Declared, declaredBy } from "./declared.ts"
import type { SentRequest } from "./exchange.ts"
import { makeSafe, safeNumber, type Safety } from "./safe.ts"
import { inSandbox, isHarmless, takesSandbox } from "./sandbox.ts"
import { isJsonObject, type JsonObject, listOf, sampleOf, typesOf } from "./values/sample.ts"
import { type Variation, variationsOf } from "./values/variations.ts"

export interface Requests {
  readonly declared: Declared
  /** The credentials of every request but those that test them. */
  readonly held: ReadonlyArray<Held>
  /** Whether the credentials are made up: then any others would do. */
  readonly isMadeUp: boolean
  /** The other alternatives of `security` that there are values for. */
  readonly otherHeld: ReadonlyArray<ReadonlyArray<Held>>
  /** Without credentials and body. */
  readonly bare: SentRequest
  readonly withBytes: (body: Uint8Array) => SentRequest
  /** The request for another id in the path, the value of the last parameter there. */
  readonly withId: (id: string) => SentRequest
  /** The valid request that all others vary. For a look-up on a mock, that of an id which is found. */
  readonly usual: SentRequest
  /** A valid request for a number or an id without a scenario. */
  readonly otherwise: SentRequest
  /** Undefined for an operation without a body. */
  readonly body: Bodies | undefined
}

export interface Bodies {
  /** The contract's first valid example, or a value made from its schema, made safe to send. */
  readonly sample: unknown
  /** The valid examples by name, made safe to send. */
  readonly examples: ReadonlyArray<{ readonly name: string; readonly value: unknown }>
  readonly isValid: (body: unknown) => boolean
  /** Valid bodies that must be accepted. */
  readonly valid: ReadonlyArray<Varied>
  /** Bodies with one error. */
  readonly invalid: ReadonlyArray<Varied>
  /** Any valid body. */
  readonly anyValid: Arbitrary.Arbitrary<unknown>
  /** Any valid body with exactly one error. */
  readonly anyInvalid: Arbitrary.Arbitrary<Invalid>
}

export interface Varied extends Pick<Variation, "name" | "cause" | "field" | "isBound"> {
  readonly value: unknown
}

export interface Invalid {
  readonly name: string
  readonly cause: string
  readonly body: unknown
}

export interface RequestOptions extends CredentialSource {}

/** Returns the reason, in words, when no requests can be made for the operation. */
export const makeRequests = (
  contract: Contract,
  operation: Operation,
  options: RequestOptions,
): Requests | string => {
  const { method, requestBody } = operation
  const declared = declaredBy(contract, operation)
  const alternatives = heldBy(declared.security, options)
  const [held = [], ...otherHeld] = alternatives
  if (alternatives.length === 0 && declared.security.length > 0) {
    const names = declared.security.map((needed) =>
      needed.map(({ name, scheme }) => name || scheme),
    )
    return `no credentials are given for ${names.map((needed) => needed.join(" and ")).join(", or ")}`
  }
  const target = targetOf(operation, declared)
  if (target._tag === "Unknown") return target.why

  const body = requestBody === undefined ? undefined : makeBodies(requestBody, options.isMock)
  if (Predicate.isString(body)) return body
  const found = options.isMock ? foundId(operation) : undefined
  const bare: SentRequest = {
    method,
    target: found === undefined ? target.target : target.withId(found),
    headers: {
      ...target.headers,
      ...(requestBody === undefined
        ? {}
        : { "content-type": requestBody.mediaTypes[0] ?? "application/json" }),
    },
    body: new Uint8Array(),
  }
  const withBytes = (bytes: Uint8Array): SentRequest =>
    withCredentials({ ...bare, body: bytes }, held)
  const usual = withBytes(body === undefined ? new Uint8Array() : jsonBytes(body.sample))
  return {
    declared,
    held,
    isMadeUp: options.given === undefined,
    otherHeld,
    bare,
    body,
    withBytes,
    withId: (id) => withCredentials({ ...bare, target: target.withId(id) }, held),
    usual,
    otherwise: withCredentials({ ...bare, target: target.target, body: usual.body }, held),
  }
}

/** The id of a scenario that answers a look-up with success. */
const foundId = ({ scenarios }: Operation): string | undefined =>
  scenarios.find(({ answers }) => answers.every(({ status }) => status >= 200 && status < 300))
    ?.messageId

/** A body as JSON. */
export const jsonBytes = (body: unknown): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(body))

// -----------------------------------------------------------------------------
// Parameters
// -----------------------------------------------------------------------------

type Target =
  | {
      readonly _tag: "Known"
      readonly target: string
      readonly withId: (id: string) => string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Unknown"; readonly why: string }

const targetOf = ({ path }: Operation, { parameters }: Declared): Target => {
  const needed = parameters.filter(({ place, required }) => required || place === "path")
  const names = path.match(/\{[^}]*\}/g) ?? []
  const missing = [
    ...names
      .map((name) => name.slice(1, -1))
      .filter((name) => !needed.some((one) => one.place === "path" && one.name === name)),
    ...needed.filter(({ value }) => value === undefined).map(({ name }) => name),
  ]
  if (missing.length > 0) {
    return {
      _tag: "Unknown",
      why: `the contract gives no value for the parameter ${missing.join(", ")}; give it an example`,
    }
  }
  const of = (place: string): ReadonlyArray<readonly [string, string]> =>
    needed.filter((one) => one.place === place).map(({ name, value }) => [name, textOf(value)])
  const query = of("query").map(
    ([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`,
  )
  const inPath = of("path")
  const fill = (values: typeof inPath): string => {
    const filled = values.reduce(
      (whole, [name, text]) => whole.replaceAll(`{${name}}`, encodeURIComponent(text)),
      path,
    )
    return query.length === 0 ? filled : `${filled}?${query.join("&")}`
  }
  return {
    _tag: "Known",
    target: fill(inPath),
    withId: (id) =>
      fill(inPath.map(([name, text], index) => [name, index === inPath.length - 1 ? id : text])),
    headers: Object.fromEntries(of("header").map(([name, text]) => [name.toLowerCase(), text])),
  }
}

const textOf = (value: unknown): string =>
  Predicate.isString(value) ? value : JSON.stringify(value)

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

const makeBodies = (
  { examples, mediaTypes, schema }: NonNullable<Operation["requestBody"]>,
  isMock: boolean,
): Bodies | string => {
  if (!/[/+]json$/.test(mediaTypes[0] ?? "") || !isJsonObject(schema)) {
    return "its request body is not JSON with a schema"
  }
  const compiled = compile(schema)
  if (Predicate.isString(compiled))
    return `the schema of its request body does not compile: ${compiled}`
  const isValid = (body: unknown): boolean => compiled(body)
  const safety: Safety = { isLive: !isMock, phoneMembers: phoneMembersOf(schema, new Set()) }
  const isSandboxed = !isMock && takesSandbox(schema)
  const safely = (value: unknown): unknown => makeSafe(value, safety)
  const asSample = (value: unknown): unknown =>
    isSandboxed ? inSandbox(safely(value)) : safely(value)
  /** Whether a live service with a sandbox may get a body. */
  const maySend = ({ value }: { readonly value: unknown }): boolean =>
    !isSandboxed || isHarmless(value)
  const safeExamples = examples
    .map(({ name, value }) => ({ name, value: asSample(value) }))
    .filter(({ value }) => isValid(value))
  const sample = safeExamples[0]?.value ?? asSample(sampleOf(schema))
  if (!isValid(sample)) return "the contract has no valid example of the request"
  const full = completed(schema, sample, isValid, safely)

  const variations = variationsOf(schema, full)
  const varied = variations.flatMap(({ apply, cause, field, isBound, mayBeValid, name }) => {
    const value = safely(apply(full))
    if (value === undefined) return []
    return [{ name, cause, field, isBound, value, mayBeValid, isValid: isValid(value) }]
  })
  const known = new Set([JSON.stringify(sample)])
  const isNew = ({ value }: Varied): boolean => {
    const text = JSON.stringify(value)
    const isFirst = !known.has(text)
    known.add(text)
    return isFirst
  }
  const generated = arbitraryOf(schema)
  if (Predicate.isString(generated)) {
    return `requests cannot be generated from the schema of its request body: ${generated}`
  }
  const anyValid = generated.pipe(Arbitrary.map(asSample), Arbitrary.filter(isValid))
  return {
    sample,
    examples: safeExamples,
    isValid,
    valid: varied.filter((one) => one.isValid && one.mayBeValid).filter(isNew),
    invalid: varied.filter((one) => !one.isValid && maySend(one)).filter(isNew),
    anyValid,
    anyInvalid: Arbitrary.all({ body: anyValid, index: indexBelow(variations.length) }).pipe(
      Arbitrary.map(({ body, index }): Invalid => {
        const variation = variations[index]
        return {
          name: variation?.name ?? "",
          cause: variation?.cause ?? "",
          body: safely(variation?.apply(body)),
        }
      }),
      Arbitrary.filter(
        ({ body }) => body !== undefined && !isValid(body) && maySend({ value: body }),
      ),
    ),
  }
}

const compile = (schema: object): ((body: unknown) => boolean) | string => {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  try {
    const validate = ajv.compile(schema)
    return (body) => validate(body)
  } catch (cause) {
    return messageOf(cause)
  }
}

/** The sample with each optional member that it lacks, so that each can be varied. */
const completed = (
  schema: object,
  sample: unknown,
  isValid: (body: unknown) => boolean,
  safely: (value: unknown) => unknown,
): unknown => {
  const properties = isJsonObject(schema) ? schema["properties"] : undefined
  if (!isJsonObject(sample) || !isJsonObject(properties)) return sample
  let body = sample
  for (const [name, property] of Object.entries(properties)) {
    const more = { [name]: safely(sampleOf(property)), ...body }
    if (isValid(more)) body = more
  }
  return body
}

/** The members whose schema takes a phone number and no other text, and those that are named after one. */
const phoneMembersOf = (schema: unknown, seen: Set<unknown>): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (node: unknown): void => {
    if (!Predicate.isObject(node) || seen.has(node)) return
    seen.add(node)
    if (isJsonObject(node) && isJsonObject(node["properties"])) {
      for (const [name, property] of Object.entries(node["properties"])) {
        if (/phone|msisdn|recipient|^to$/i.test(name) || takesNumbers(property)) found.add(name)
      }
    }
    for (const child of Object.values(node)) visit(child)
  }
  visit(schema)
  return found
}

const takesNumbers = (schema: unknown): boolean => {
  if (!isJsonObject(schema) || !typesOf(schema).includes("string")) return false
  const { pattern } = schema
  if (!Predicate.isString(pattern)) return false
  const test = new RegExp(pattern, "u")
  return (test.test(safeNumber) || test.test(safeNumber.slice(1))) && !test.test("text")
}

const indexBelow = (bound: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Math.max(bound - 1, 0) })),
  )

/**
 * Generates from the contract's schema. Its patterns are trusted, as they are when a mock serves it. Where the schema combines
 * conditions in a way that cannot be generated from, they are written out as far as they can be, and left to the validator.
 */
const arbitraryOf = (schema: object): Arbitrary.Arbitrary<unknown> | string => {
  const whole = generatorOf(schema)
  return Predicate.isString(whole) ? generatorOf(relaxed(schema)) : whole
}

const generatorOf = (schema: unknown): Arbitrary.Arbitrary<unknown> | string => {
  try {
    return Arbitrary.schema(
      SchemaRepresentation.fromJsonSchemaDocument(
        JsonSchema.fromSchemaOpenApi3_1(Object.fromEntries(Object.entries(schema ?? {}))),
        { patterns: "apply" },
      ),
    )
  } catch (cause) {
    return messageOf(cause)
  }
}

/**
 * The schema with each object that has alternatives beside its properties as a union of whole objects: each alternative requires
 * its own members, and has none that another one requires.
 */
const relaxed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(relaxed)
  if (!isJsonObject(schema)) return schema
  const { anyOf, not: _, oneOf, ...rest } = schema
  const own = rest["properties"]
  if (!isJsonObject(own)) return mapValues(schema, relaxedMember)
  const names = [...listOf(anyOf), ...listOf(oneOf)].map((branch) =>
    isJsonObject(branch) ? listOf(branch["required"]).map(String) : [],
  )
  const required = listOf(rest["required"]).map(String)
  const whole = (mine: ReadonlyArray<string>): JsonObject => {
    const left = new Set(names.flat().filter((name) => !mine.includes(name)))
    const kept = Object.entries(own).filter(([name]) => !left.has(name))
    return {
      ...rest,
      required: [...new Set([...required, ...mine])],
      properties: mapValues(Object.fromEntries(kept), relaxed),
    }
  }
  return names.length === 0 ? whole([]) : { anyOf: names.map(whole) }
}

const relaxedMember = (value: unknown, keyword: string): unknown =>
  data.has(keyword) ? value : relaxed(value)

const mapValues = (
  object: JsonObject,
  change: (value: unknown, name: string) => unknown,
): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]))

/** Keywords whose values are not schemas. */
const data: ReadonlySet<string> = new Set(["const", "default", "enum", "example", "examples"])
