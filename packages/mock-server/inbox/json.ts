/** JSON, laid out for reading. */

/** A piece of laid-out JSON. */
export interface JsonToken {
  readonly kind: "key" | "string" | "literal" | "plain"
  readonly text: string
}

/** Above this, colours cost more than they help. */
const mostColoured = 50_000
/** Thousands of nested lists must not become megabytes of spaces. */
const deepestIndent = 40

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/**
 * Lays out the text itself instead of what it parses to: what was really sent shows, with doubled names and long
 * numbers. Text that is not JSON stays as it is.
 */
export const layOut = (text: string): ReadonlyArray<JsonToken> => {
  if (!isJson(text)) return [{ kind: "plain", text }]
  const tokens = text.match(tokenPattern) ?? []
  const laidOut: Array<JsonToken> = []
  let depth = 0
  const line = (): string => `\n${"  ".repeat(Math.min(depth, deepestIndent))}`
  tokens.forEach((token, index) => {
    const next = tokens[index + 1]
    if (token === "{" || token === "[") {
      const isEmpty = next === "}" || next === "]"
      depth += 1
      laidOut.push({ kind: "plain", text: isEmpty ? token : `${token}${line()}` })
    } else if (token === "}" || token === "]") {
      depth -= 1
      const previous = tokens[index - 1]
      const isEmpty = previous === "{" || previous === "["
      laidOut.push({ kind: "plain", text: isEmpty ? token : `${line()}${token}` })
    } else if (token === ",") {
      laidOut.push({ kind: "plain", text: `,${line()}` })
    } else if (token === ":") {
      laidOut.push({ kind: "plain", text: ": " })
    } else if (token.startsWith('"')) {
      laidOut.push({ kind: next === ":" ? "key" : "string", text: token })
    } else {
      laidOut.push({ kind: "literal", text: token })
    }
  })
  return text.length > mostColoured
    ? [{ kind: "plain", text: laidOut.map((token) => token.text).join("") }]
    : laidOut
}
