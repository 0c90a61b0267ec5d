export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// `Array.isArray` alone does not narrow to a readonly array.
export const isArray = (value: unknown): value is ReadonlyArray<Json> => Array.isArray(value)

/** The object at this key, or an empty one. */
export const objectAt = (value: unknown, key: string): JsonObject => {
  const member = isObject(value) ? value[key] : undefined
  return isObject(member) ? member : {}
}

/** The list at this key, or an empty one. */
export const listAt = (value: unknown, key: string): ReadonlyArray<Json> => {
  const member = isObject(value) ? value[key] : undefined
  return isArray(member) ? member : []
}

/** A string as it is, anything else as JSON. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null)

/** One or more further steps of a JSON pointer. */
export const step = (pointer: string, ...keys: ReadonlyArray<string | number>): string =>
  [pointer, ...keys.map((key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1"))].join("/")

export const keysOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

const member = (value: Json | undefined, key: string): Json | undefined =>
  isArray(value)
    ? value[Number(key)]
    : isObject(value) && Object.hasOwn(value, key)
      ? value[key]
      : undefined

/** What a pointer such as `#/components/schemas/Problem` stands for; one into another file, for nothing. */
export const at = (document: Json | undefined, pointer: string): Json | undefined =>
  pointer.startsWith("#") ? keysOf(pointer).reduce<Json | undefined>(member, document) : undefined

/** Follows a reference to where it points, and on if that is a reference too. */
export const resolve = (document: JsonObject, value: Json | undefined): Json | undefined => {
  const pointer = pointerOf(document, value)
  return pointer === undefined ? value : at(document, pointer)
}

/** Where a reference leads to at last; undefined for what is no reference. */
export const pointerOf = (document: JsonObject, value: Json | undefined): string | undefined => {
  const seen = new Set<string>()
  let pointer: string | undefined
  let target = value
  while (isObject(target) && typeof target["$ref"] === "string") {
    pointer = decoded(target["$ref"])
    if (seen.has(pointer)) return pointer
    seen.add(pointer)
    target = at(document, pointer)
  }
  return pointer
}

/** A reference is a URI, in which a space is `%20`. */
const decoded = (reference: string): string => {
  try {
    return decodeURIComponent(reference)
  } catch {
    return reference
  }
}
