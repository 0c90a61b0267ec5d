/** Validates values against the schemas of a document, in any of its files. */
import { messageOf } from "@effect-sent/contract/ContractError"
import type { Oas3Visitor, UserContext } from "@redocly/openapi-core"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { isArray, isObject, type JsonObject } from "../document/json.ts"
import { type Located, onSchemas } from "./visitors.ts"

export interface Validator {
  /** Must visit the schemas before a value is validated. */
  readonly visitor: Oas3Visitor
  /** The errors of a value, in words. */
  readonly problems: (
    context: UserContext,
    schema: Located,
    value: unknown,
  ) => ReadonlyArray<string>
}

const makeAjv = (): Ajv2020 => {
  const ajv = new Ajv2020({
    allErrors: true,
    // An unknown keyword is a misspelt one. The other checks of strict mode are a matter of style.
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
  })
  // CommonJS in an ES module: the plugin is a member of what is imported.
  formats.default(ajv)
  return ajv
}

/** The formats that Ajv validates. */
export const knownFormats: ReadonlySet<string> = new Set(Object.keys(makeAjv().formats))

export const makeValidator = (): Validator => {
  const ajv = makeAjv()
  // All other objects are data: a `$ref` or a `$id` in an example means nothing.
  const schemas = new Set<unknown>()
  const names = new Map<unknown, string>()
  const compiled = new Map<unknown, ValidateFunction | string>()

  /** Adds a schema under a name of its own, so that references can lead to other files. */
  const nameOf = (context: UserContext, { location, value }: Located): string => {
    const known = names.get(value)
    if (known !== undefined) return known
    const name = `schema:${names.size + 1}`
    names.set(value, name)
    const convert = (part: unknown): unknown => {
      if (isArray(part)) return part.map(convert)
      if (!isObject(part)) return part
      const isSchema = schemas.has(part)
      const meant = isSchema ? toJsonSchema(part, context.specVersion === "oas3_0") : part
      // By entries, so that a member may be called `__proto__`.
      return Object.fromEntries(
        Object.entries(meant).map(([key, one]) => [
          key,
          isSchema && key === "$ref" && typeof one === "string" ? target(one) : convert(one),
        ]),
      )
    }
    const target = ($ref: string): string => {
      const { chain, location: at, node } = context.resolve({ $ref }, location.source.absoluteRef)
      // On the way, a reference with keywords beside it is a schema of its own.
      const [first = { node, location: at }] = chain ?? []
      return first.node === undefined || first.location === undefined
        ? $ref
        : nameOf(context, { value: first.node, location: first.location })
    }
    // `true` accepts everything, and `false` nothing.
    const schema = convert(value)
    ajv.addSchema(isObject(schema) ? schema : schema === false ? { not: {} } : {}, name)
    return name
  }

  const compile = (context: UserContext, schema: Located): ValidateFunction | string => {
    try {
      return ajv.compile({ $ref: nameOf(context, schema) })
    } catch (cause) {
      return `the schema does not compile: ${messageOf(cause)}`
    }
  }

  return {
    visitor: onSchemas((schema) => {
      schemas.add(schema)
      const format = isObject(schema) ? schema["format"] : undefined
      // An unknown format is reported once, and not for each example.
      if (typeof format === "string" && !knownFormats.has(format)) ajv.addFormat(format, true)
    }),
    problems: (context, schema, value) => {
      const validate = compiled.get(schema.value) ?? compile(context, schema)
      compiled.set(schema.value, validate)
      if (typeof validate === "string") return [validate]
      if (validate(value)) return []
      return (validate.errors ?? []).map(
        (error) => `${error.instancePath || "the value"} ${error.message ?? error.keyword}`,
      )
    },
  }
}

// -----------------------------------------------------------------------------
// From OpenAPI's schemas to JSON Schema 2020-12
// -----------------------------------------------------------------------------

/** Keywords that constrain nothing, and identifiers, which references by pointer do not use. */
const silent = new Set(["$anchor", "$id", "discriminator", "example", "externalDocs", "xml"])

const toJsonSchema = (schema: JsonObject, isOpenApi30: boolean): JsonObject =>
  Object.fromEntries(
    Object.entries(isOpenApi30 ? fromOpenApi30(schema) : schema).filter(
      ([key]) => !silent.has(key) && !key.startsWith("x-"),
    ),
  )

const fromOpenApi30 = (schema: JsonObject): JsonObject => {
  // Keywords beside a reference are ignored.
  if (typeof schema["$ref"] === "string") return { $ref: schema["$ref"] }
  const { nullable: _, ...rest } = schema
  // Without a type, `nullable` has no effect.
  const meant = schema["type"] === undefined ? rest : schema
  return withBound("minimum", "exclusiveMinimum", withBound("maximum", "exclusiveMaximum", meant))
}

/** In 3.0, `exclusiveMinimum` is a flag beside `minimum`. In JSON Schema, it is a bound. */
const withBound = (name: string, exclusiveName: string, schema: JsonObject): JsonObject => {
  const { [exclusiveName]: isExclusive, [name]: bound, ...rest } = schema
  if (typeof isExclusive !== "boolean") return schema
  return bound === undefined ? rest : { ...rest, [isExclusive ? exclusiveName : name]: bound }
}
