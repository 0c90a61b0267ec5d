/** The references of a document, without those that are data. */

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
])

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
      } else if (isMap || !(data.has(key) || key.startsWith("x-"))) {
        visit(value, [...keys, key], !isMap && maps.has(key) && !Array.isArray(value))
      }
    }
  }
  visit(root, [], false)
  return found
}
