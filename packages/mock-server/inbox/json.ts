/** Formats JSON for reading. */

/** A token of formatted JSON. */
export interface JsonToken {
  readonly kind: "key" | "string" | "literal" | "plain"
  readonly text: string
}

/** Longer texts are not coloured, because the page would become slow. */
const maxColoured = 50_000
/** The maximum depth of indentation, so that thousands of nested lists do not become megabytes of spaces. */
const maxIndent = 40

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
 * Formats the text itself rather than the parsed value, so that repeated names and long numbers stay visible. Text that is not
 * JSON is returned unchanged.
 */
export const layOut = (text: string): ReadonlyArray<JsonToken> => {
  if (!isJson(text)) return [{ kind: "plain", text }]
  const tokens = text.match(tokenPattern) ?? []
  const laidOut: Array<JsonToken> = []
  let depth = 0
  const line = (): string => `\n${"  ".repeat(Math.min(depth, maxIndent))}`
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
  return text.length > maxColoured
    ? [{ kind: "plain", text: laidOut.map((token) => token.text).join("") }]
    : laidOut
}
