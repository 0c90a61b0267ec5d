/** The schemas of a document as JSON Schema 2020-12 has them. */
import { isArray, isObject, type Json, type JsonObject, step } from "./json.ts"
import { childrenOf, nodesOf } from "./nodes.ts"

/**
 * The document with nothing left in it but its schemas, each where it stood. What is data is no part of it: an example
 * may hold a `$id` or a `$ref` and mean nothing by it.
 */
export const schemasOf = (document: JsonObject): JsonObject => {
  const pointers = new Set(nodesOf(document, "schema").map(({ pointer }) => pointer))
  const isOld = typeof document["openapi"] === "string" && document["openapi"].startsWith("3.0")

  const only = (value: Json, pointer: string): Json => {
    if (pointers.has(pointer)) return toJsonSchema(value, isOld)
    if (isArray(value)) return value.map((item, index) => only(item, step(pointer, index)))
    if (isObject(value)) return mapMembers(value, (item, key) => only(item, step(pointer, key)))
    // A schema too, one that takes all or nothing.
    return typeof value === "boolean" ? value : null
  }

  // Of the root no more than this: other members may have the names of keywords.
  const { components = {}, paths = {}, webhooks = {} } = document
  const parts = { components, paths, webhooks }
  return mapMembers(parts, (part, key) => only(part, step("#", key)))
}

/** OpenAPI's words that say nothing about a value. */
const silent = new Set(["discriminator", "example", "externalDocs", "xml"])

const toJsonSchema = (schema: Json, isOld: boolean): Json => {
  if (!isObject(schema)) return schema
  const meant = isOld ? fromOld(schema) : schema
  return mapMembers(
    Object.fromEntries(
      Object.entries(meant).filter(([key]) => !silent.has(key) && !key.startsWith("x-")),
    ),
    (member, key) => {
      const shape = Object.hasOwn(childrenOf.schema, key) ? childrenOf.schema[key]?.[0] : undefined
      if (shape === "map" && isObject(member))
        return mapMembers(member, (item) => toJsonSchema(item, isOld))
      if (shape === "list" && isArray(member))
        return member.map((item) => toJsonSchema(item, isOld))
      return shape === "one" ? toJsonSchema(member, isOld) : member
    },
  )
}

/** What OpenAPI 3.0 says in another way. */
const fromOld = (schema: JsonObject): JsonObject => {
  // What stands beside a reference is ignored.
  if (typeof schema["$ref"] === "string") return { $ref: schema["$ref"] }
  const { nullable: _, ...rest } = schema
  // `nullable` adds to a type, and where there is none it adds nothing.
  const meant = schema["type"] === undefined ? rest : schema
  return withBound("minimum", "exclusiveMinimum", withBound("maximum", "exclusiveMaximum", meant))
}

/** `exclusiveMinimum` was a flag beside `minimum`, and is a bound of its own. */
const withBound = (name: string, exclusiveName: string, schema: JsonObject): JsonObject => {
  const { [exclusiveName]: isExclusive, [name]: bound, ...rest } = schema
  if (typeof isExclusive !== "boolean") return schema
  return bound === undefined ? rest : { ...rest, [isExclusive ? exclusiveName : name]: bound }
}

// By entries, so that a member may be called `__proto__`.
const mapMembers = (value: JsonObject, change: (member: Json, key: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries(value).map(([key, member]) => [key, change(member, key)]))
