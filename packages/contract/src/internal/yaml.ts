/** YAML and JSON with the places of their errors. */
import {
  binaryTag,
  CORE_SCHEMA,
  loadAll,
  mergeTag,
  omapTag,
  pairsTag,
  setTag,
  YAMLException,
} from "js-yaml"
import { createRequire } from "node:module"
import type * as Yaml from "yaml"

/** Both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export type Parsed =
  { readonly value: unknown } | { readonly problem: string; readonly place: Place }

/** The tags that Redocly reads, so that no tool reads a value differently. Timestamps are strings. */
const schema = CORE_SCHEMA.withTags(mergeTag, binaryTag, omapTag, pairsTag, setTag)

/** Parses YAML, or JSON, which is YAML. */
export const parseText = (text: string): Parsed => {
  const start: Place = { line: 1, column: 1 }
  try {
    const [value, ...others] = loadAll(text, { schema })
    if (others.length > 0) {
      return { problem: "it contains several YAML documents", place: start }
    }
    const problem = aliasProblem(value)
    return problem === undefined ? { value } : { problem, place: start }
  } catch (cause) {
    if (cause instanceof YAMLException) {
      const { column = 0, line = 0 } = cause.mark ?? {}
      return {
        problem: `it is not YAML or JSON: ${cause.reason}`,
        place: { line: line + 1, column: column + 1 },
      }
    }
    if (cause instanceof RangeError) return { problem: "it is nested too deeply", place: start }
    throw cause
  }
}

/** The number of values that aliases may expand to. The largest public documents have a tenth of it. */
const maxExpanded = 5_000_000

/**
 * An alias is the same object twice, so a few lines can stand for billions of values ("billion laughs"). Whoever walks over them
 * would never end.
 */
const aliasProblem = (root: unknown): string | undefined => {
  const sizes = new Map<object, number>()
  const open = new Set<object>()
  let isCyclic = false
  const sizeOf = (node: unknown): number => {
    if (typeof node !== "object" || node === null) return 1
    const known = sizes.get(node)
    if (known !== undefined) return known
    if (open.has(node)) {
      isCyclic = true
      return 1
    }
    open.add(node)
    const size = Object.values(node).reduce<number>((sum, value) => sum + sizeOf(value), 1)
    open.delete(node)
    sizes.set(node, size)
    return size
  }
  const size = sizeOf(root)
  if (isCyclic) return "one of its YAML aliases contains itself"
  return size > maxExpanded
    ? `its YAML aliases expand to more than ${maxExpanded} values`
    : undefined
}

// The parser with places takes ten times as long, and only errors need a place.
const loadYaml = (): typeof Yaml => createRequire(import.meta.url)("yaml")

/** The place of a value by the keys that lead to it, or of the nearest value above it. */
export const placeOf = (text: string, keys: ReadonlyArray<string>): Place => {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } = loadYaml()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: true })
  let offset = 0
  let node: unknown = document.contents
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
      if (pair === undefined) break
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(key)]
      if (item === undefined) break
      if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0] ?? offset
      node = item
    } else break
  }
  const { col, line } = lines.linePos(offset)
  return { line, column: col }
}
