export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// `Array.isArray` alone does not narrow a readonly array.
export const isArray = (value: Json | undefined): value is ReadonlyArray<Json> =>
  Array.isArray(value)

/** The object at this key, or an empty one. */
export const objectAt = (value: Json | undefined, key: string): JsonObject => {
  const member = isObject(value) ? value[key] : undefined
  return isObject(member) ? member : {}
}

/** The list at this key, or an empty one. */
export const listAt = (value: Json | undefined, key: string): ReadonlyArray<Json> => {
  const member = isObject(value) ? value[key] : undefined
  return isArray(member) ? member : []
}

/** A string as it is, anything else as JSON. */
export const textOf = (value: Json | undefined): string =>
  typeof value === "string" ? value : JSON.stringify(value ?? null)

/** One or more further steps of a JSON pointer. */
export const step = (pointer: string, ...keys: ReadonlyArray<string | number>): string =>
  [pointer, ...keys.map((key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1"))].join("/")

const keysOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))

const member = (value: Json | undefined, key: string): Json | undefined =>
  isArray(value) ? value[Number(key)] : isObject(value) ? value[key] : undefined

/** What a pointer such as `#/components/schemas/Problem` stands for. */
export const at = (document: Json | undefined, pointer: string): Json | undefined =>
  keysOf(pointer).reduce<Json | undefined>(member, document)

/** A copy in which what the pointer stands for is another value. */
export const withValueAt = (document: JsonObject, pointer: string, value: Json): JsonObject =>
  edit(document, keysOf(pointer), () => value)

/** A copy without what the pointer stands for. */
export const without = (document: JsonObject, pointer: string): JsonObject => {
  // A test that breaks a document means to take away something that is there.
  if (at(document, pointer) === undefined) throw new Error(`there is no ${pointer}`)
  return edit(document, keysOf(pointer), () => undefined)
}

const edit = (
  holder: JsonObject,
  [key = "", ...rest]: ReadonlyArray<string>,
  change: () => Json | undefined,
): JsonObject => {
  const next = rest.length === 0 ? change() : editMember(holder[key], rest, change)
  if (next !== undefined) return { ...holder, [key]: next }
  return Object.fromEntries(Object.entries(holder).filter(([name]) => name !== key))
}

const editMember = (
  value: Json | undefined,
  keys: ReadonlyArray<string>,
  change: () => Json | undefined,
): Json => {
  if (isObject(value)) return edit(value, keys, change)
  if (isArray(value)) {
    const byIndex = Object.fromEntries(value.map((item, index) => [index, item]))
    return Object.values(edit(byIndex, keys, change))
  }
  throw new Error(`there is nothing to hold ${keys.join("/")}`)
}
