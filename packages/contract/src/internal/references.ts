/** The references of a document, without those that are data, and what they refer to. */
import * as Predicate from "effect/Predicate"
import { dirname, resolve } from "node:path"

export interface Reference {
  /** As the document writes it. */
  readonly reference: string
  /** Its place: the keys from the root of its file. */
  readonly keys: ReadonlyArray<string>
}

/** Members that contain data rather than parts of the document: a `$ref` inside them means nothing. */
const data: ReadonlySet<string> = new Set(["example", "default", "enum", "const", "value"])

/** Members whose keys are names, so that a property may be called `default`. */
const maps: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "schemas",
  "responses",
  "parameters",
  "examples",
  "headers",
  "callbacks",
  "links",
  "webhooks",
  "pathItems",
  "requestBodies",
  "securitySchemes",
  "dependentSchemas",
])

/** Whether a member of an object, not of a map, is data. */
export const isData = (key: string, value: unknown): boolean =>
  data.has(key) || key.startsWith("x-") || (key === "examples" && Array.isArray(value))

/** Whether the keys of a member are names. */
export const isMapOf = (key: string, value: unknown): boolean =>
  maps.has(key) && !Array.isArray(value)

/** The reference that an object is. Undefined when it is none. */
export const referenceOf = (value: unknown): string | undefined =>
  Predicate.hasProperty(value, "$ref") && typeof value.$ref === "string" ? value.$ref : undefined

/** Lists the references, in the order of the file. */
export const outsideReferences = (root: unknown): ReadonlyArray<Reference> => {
  const found: Array<Reference> = []
  const seen = new Set<object>()
  const visit = (node: unknown, keys: ReadonlyArray<string>, isMap: boolean): void => {
    if (typeof node !== "object" || node === null || seen.has(node)) return
    seen.add(node)
    for (const [key, value] of Object.entries(node)) {
      if (key === "$ref" && typeof value === "string" && !isMap) {
        found.push({ reference: value, keys: [...keys, key] })
      } else if (isMap || !isData(key, value)) {
        visit(value, [...keys, key], !isMap && isMapOf(key, value))
      }
    }
  }
  visit(root, [], false)
  return found
}

/** What a reference of a file refers to. */
export interface Target {
  /** The absolute path of a file, or a URL. */
  readonly file: string
  /** A JSON pointer, or the name of an anchor. Empty for the whole file. */
  readonly pointer: string
}

/** Whether a location is a URL, so that it is read over the network if at all. */
export const isUrl = (location: string): boolean =>
  /^[a-z][a-z0-9+.-]+:/i.test(location) || location.startsWith("//")

export const targetOf = (from: string, reference: string): Target => {
  const [location = "", ...fragments] = reference.split("#")
  const pointer = decoded(fragments.join("#"))
  if (location === "") return { file: from, pointer }
  if (isUrl(location) || isUrl(from)) return { file: urlOf(location, from), pointer }
  return { file: resolve(dirname(from), decoded(location)), pointer }
}

const urlOf = (location: string, from: string): string =>
  URL.parse(location, isUrl(from) ? from : undefined)?.href ?? location

/** The value at a JSON pointer, or with the name of an anchor. Undefined when there is none. */
export const at = (root: unknown, pointer: string): unknown =>
  pointer === "" || pointer.startsWith("/")
    ? pointer
        .split("/")
        .slice(1)
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
        .reduce(member, root)
    : anchored(root, pointer, new Set())

const member = (holder: unknown, key: string): unknown =>
  typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)
    ? Object.getOwnPropertyDescriptor(holder, key)?.value
    : undefined

const anchored = (node: unknown, name: string, seen: Set<unknown>): unknown => {
  if (typeof node !== "object" || node === null || seen.has(node)) return undefined
  seen.add(node)
  if (member(node, "$anchor") === name) return node
  for (const value of Object.values(node)) {
    const found = anchored(value, name, seen)
    if (found !== undefined) return found
  }
  return undefined
}

/** A reference is a URI: a space in it is `%20`. */
const decoded = (reference: string): string => {
  try {
    return decodeURIComponent(reference)
  } catch {
    return reference
  }
}
