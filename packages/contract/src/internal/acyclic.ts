/** Makes a schema whose references were resolved printable and compilable: what contains itself becomes a reference again. */

/**
 * Replaces each object that contains itself by a reference to a copy under `$defs`. A schema without cycles is returned as it
 * is. Takes time in proportion to the schema, however often its parts are shared.
 */
export const acyclic = (schema: unknown): unknown => {
  const heads = new Map<object, string>()
  findHeads(schema, heads)
  if (heads.size === 0) return schema
  const copies = new Map<object, unknown>()
  const copy = (node: unknown): unknown => {
    if (typeof node !== "object" || node === null) return node
    const name = heads.get(node)
    return name === undefined ? copyOnce(node) : { $ref: `#/$defs/${name}` }
  }
  const copyOnce = (node: object): unknown => {
    if (!copies.has(node)) copies.set(node, membersOf(node))
    return copies.get(node)
  }
  const membersOf = (node: object): unknown =>
    Array.isArray(node)
      ? node.map(copy)
      : Object.fromEntries(Object.entries(node).map(([key, value]) => [key, copy(value)]))
  const $defs = Object.fromEntries([...heads].map(([node, name]) => [name, membersOf(node)]))
  const root = typeof schema === "object" && schema !== null ? membersOf(schema) : {}
  return { ...(typeof root === "object" ? root : {}), $defs }
}

/** The objects that are found inside themselves: without the references to them, there is no cycle. */
const findHeads = (root: unknown, heads: Map<object, string>): void => {
  const done = new Set<object>()
  const open = new Set<object>()
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null || done.has(node)) return
    if (open.has(node)) {
      if (!heads.has(node)) heads.set(node, `recursive-${heads.size + 1}`)
      return
    }
    open.add(node)
    for (const value of Object.values(node)) visit(value)
    open.delete(node)
    done.add(node)
  }
  visit(root)
}
