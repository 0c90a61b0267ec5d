/** Where in a file a JSON pointer leads to. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml"
import { keysOf } from "./json.ts"

export interface Place {
  /** From 1, both of them. */
  readonly line: number
  readonly column: number
}

/** Of what is not there, the nearest place above it is given. */
export const makePlaces = (text: string): ((pointer: string) => Place | undefined) => {
  const lines = new LineCounter()
  const root: unknown = parseDocument(text, { lineCounter: lines }).contents

  return (pointer) => {
    let node = root
    let start = isNode(root) ? root.range?.[0] : undefined
    for (const key of keysOf(pointer)) {
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        if (pair === undefined) break
        if (isScalar(pair.key)) start = pair.key.range?.[0] ?? start
        node = pair.value
      } else if (isSeq(node)) {
        node = node.items[Number(key)]
        if (isNode(node)) start = node.range?.[0] ?? start
      } else break
    }
    if (start === undefined) return undefined
    const { col, line } = lines.linePos(start)
    return { line, column: col }
  }
}

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value)
