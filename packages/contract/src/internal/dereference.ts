/** Resolves the references of a document. What is referred to from several places is one object, so that it takes linear time. */
import { at, isData, isMapOf, referenceOf, targetOf } from "./references.ts"

/** Files by their path, or their URL. */
type Files = ReadonlyMap<string, { readonly value: unknown }>

/**
 * A copy of a file's value with its references resolved: it may contain cycles. Members beside a reference are kept and replace
 * those of what it refers to. A reference that leads back to itself stays.
 */
export const dereference = (files: Files, path: string): unknown => {
  const copies = new Map<object, unknown>()
  const extended: Array<() => void> = []

  const copy = (node: unknown, file: string, isMap = false): unknown => {
    if (typeof node !== "object" || node === null) return node
    const known = copies.get(node)
    if (known !== undefined) return known
    if (Array.isArray(node)) {
      const list: Array<unknown> = []
      copies.set(node, list)
      for (const item of node) list.push(copy(item, file))
      return list
    }
    const reference = isMap ? undefined : referenceOf(node)
    if (reference !== undefined) {
      const beside = Object.entries(node).filter(([key]) => key !== "$ref")
      return followed(node, reference, Object.fromEntries(beside), file)
    }
    const object: Record<string, unknown> = {}
    copies.set(node, object)
    fill(object, node, file, isMap)
    if (!isMap) withoutNullable(object)
    return object
  }

  const fill = (into: object, from: object, file: string, isMap: boolean): void => {
    for (const [key, value] of Object.entries(from)) {
      // A validator would find the name of a schema as often as the schema is used, and refuse it.
      if (!isMap && (key === "$id" || key === "$anchor")) continue
      const isPlain = !isMap && isData(key, value)
      put(
        into,
        key,
        isPlain ? structuredClone(value) : copy(value, file, !isMap && isMapOf(key, value)),
      )
    }
  }

  const followed = (node: object, $ref: string, beside: object, file: string): unknown => {
    const target = end(file, $ref)
    if (target === undefined) return node
    if (Object.keys(beside).length === 0) {
      const value = copy(target.value, target.file)
      copies.set(node, value)
      return value
    }
    const merged: Record<string, unknown> = {}
    copies.set(node, merged)
    fill(merged, beside, file, false)
    const value = copy(target.value, target.file)
    // What it refers to is not complete yet when it contains this reference.
    extended.push(() => {
      if (typeof value !== "object" || value === null) return
      for (const [key, one] of Object.entries(value)) {
        if (!Object.hasOwn(merged, key)) put(merged, key, one)
      }
      withoutNullable(merged)
    })
    return merged
  }

  /** What a reference leads to, through others that have nothing beside them. Undefined when they lead in a circle. */
  const end = (
    from: string,
    reference: string,
    passed: ReadonlySet<unknown> = new Set(),
  ): { readonly file: string; readonly value: unknown } | undefined => {
    const { file, pointer } = targetOf(from, reference)
    const value = at(files.get(file)?.value, pointer)
    const next = referenceOf(value)
    if (next === undefined || Object.keys(Object(value)).length > 1) return { file, value }
    return passed.has(value) ? undefined : end(file, next, new Set([...passed, value]))
  }

  const document = copy(files.get(path)?.value, path)
  for (const extend of extended) extend()
  return document
}

/** Without a type it says nothing (OpenAPI 3.0.3), and a validator refuses it. */
const withoutNullable = (schema: Record<string, unknown>): void => {
  if (typeof schema["nullable"] === "boolean" && !("type" in schema)) delete schema["nullable"]
}

/** A member may be called `__proto__`. */
const put = (object: object, key: string, value: unknown): void => {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}
