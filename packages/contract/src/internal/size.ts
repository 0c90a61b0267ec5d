/** How large a resolved part of a document is for those that expand it. */

/**
 * Whether a part has more values than `limit` once everything that it shares is written out, cycles left out: the work of a
 * validator that expands it. Counts no further than the limit.
 */
export const isLargerThan = (root: unknown, limit: number): boolean => {
  const open = new Set<object>()
  let left = limit
  const visit = (node: unknown): void => {
    if (left <= 0 || typeof node !== "object" || node === null || open.has(node)) return
    open.add(node)
    for (const value of Object.values(node)) {
      left -= 1
      visit(value)
    }
    open.delete(node)
  }
  visit(root)
  return left <= 0
}
