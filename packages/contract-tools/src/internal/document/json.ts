/** JSON values, and JSON pointers into them. */
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

/** A string as it is, any other value as JSON. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null)

/** A JSON pointer with further keys. */
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

/** The value at a pointer such as `#/components/schemas/Problem`. Undefined for a pointer into another file. */
export const at = (document: Json | undefined, pointer: string): Json | undefined =>
  pointer.startsWith("#") ? keysOf(pointer).reduce<Json | undefined>(member, document) : undefined

/** The value that a reference resolves to, through further references. Any other value is returned as it is. */
export const resolve = (document: JsonObject, value: Json | undefined): Json | undefined => {
  const pointer = pointerOf(document, value)
  return pointer === undefined ? value : at(document, pointer)
}

/** The pointer that a reference resolves to. Undefined for a value that is not a reference. */
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

/** A reference is a URI: a space in it is `%20`. */
export const decoded = (reference: string): string => {
  try {
    return decodeURIComponent(reference)
  } catch {
    return reference
  }
}
