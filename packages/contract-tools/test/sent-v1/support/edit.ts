import {
  at,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  keysOf,
} from "../../../src/internal/document/json.ts"

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
