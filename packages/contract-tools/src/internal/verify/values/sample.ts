/** A valid value for a schema, for what the contract's example leaves out. Only a validator can tell whether it is valid. */
import * as Predicate from "effect/Predicate"
import { spell } from "./pattern.ts"

export type JsonObject = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is JsonObject =>
  Predicate.isObject(value) && !Array.isArray(value)

export const listOf = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) ? value : []

/** The types that a schema allows, by its `type` or by the keywords that it has. */
export const typesOf = (schema: JsonObject): ReadonlyArray<string> => {
  const { type } = schema
  if (Predicate.isString(type)) return [type]
  if (Array.isArray(type)) return type.map(String)
  if ("properties" in schema || "required" in schema) return ["object"]
  if ("items" in schema) return ["array"]
  return "pattern" in schema || "format" in schema || "maxLength" in schema ? ["string"] : []
}

/** How deep a value is made: a recursive schema has no end. */
const maxDepth = 6

/** Undefined when no value is known. */
export const sampleOf = (schema: unknown, depth = 0): unknown => {
  if (!isJsonObject(schema) || depth > maxDepth) return undefined
  for (const keyword of ["const", "example", "default"]) {
    if (schema[keyword] !== undefined) return schema[keyword]
  }
  const [given] = [...listOf(schema["examples"]), ...listOf(schema["enum"])]
  if (given !== undefined) return given
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const branches = listOf(schema[keyword]).map((branch) => sampleOf(branch, depth + 1))
    if (branches.length === 0) continue
    if (keyword !== "allOf") return branches[0]
    const own = typesOf(schema).includes("object") ? objectFor(schema, depth) : {}
    return branches.every(isJsonObject) ? Object.assign({}, own, ...branches) : branches[0]
  }
  const [type] = typesOf(schema)
  switch (type) {
    case "object":
      return objectFor(schema, depth)
    case "array":
      return Array.from({ length: Math.max(1, Number(schema["minItems"] ?? 1)) }, () =>
        sampleOf(schema["items"], depth + 1),
      )
    case "string":
      return textFor(schema)
    case "integer":
    case "number":
      return Number(schema["minimum"] ?? Math.min(1, Number(schema["maximum"] ?? 1)))
    case "boolean":
      return true
    case "null":
      return null
    default:
      return "text"
  }
}

const objectFor = (schema: JsonObject, depth: number): JsonObject => {
  const required = listOf(schema["required"]).map(String)
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {}
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name], depth + 1)]))
}

const textFor = ({ format, maxLength, minLength, pattern }: JsonObject): string => {
  const text =
    (Predicate.isString(pattern) ? spell(pattern)?.base : undefined) ??
    formats[String(format)] ??
    "text"
  return text.padEnd(Number(minLength ?? 0), "a").slice(0, Number(maxLength ?? text.length + 1e6))
}

const formats: Readonly<Record<string, string>> = {
  "date-time": "2025-10-31T10:10:42Z",
  date: "2025-10-31",
  time: "10:10:42Z",
  email: "nobody@verify.invalid",
  hostname: "verify.invalid",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://verify.invalid/",
  uuid: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
}
