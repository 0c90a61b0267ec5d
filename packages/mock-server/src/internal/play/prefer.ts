/** `Prefer` (RFC 7240): which of the contract's answers a valid request is to get. */
import type { Operation, Response } from "@effect-sent/contract/Contract"
import { type Answer, problem } from "../http/answer.ts"

/** The answer that was asked for. */
export interface Preferred {
  readonly status: number
  /** Undefined: the response's first, if it has any. */
  readonly example: string | undefined
  /** Asked for without its body, by `example=empty`. */
  readonly empty: boolean
}

export type Choice =
  | { readonly _tag: "None" }
  | { readonly _tag: "Preferred"; readonly preferred: Preferred }
  | { readonly _tag: "Unknown"; readonly answer: Answer }

const emptyName = "empty"

/** Reads the header and looks up what it asks for; what the contract does not have is answered with what it has. */
export const choosePreferred = (operation: Operation, header: string | undefined): Choice => {
  const preferences = parsePrefer(header ?? "")
  const code = preferences.get("code")
  const example = preferences.get("example")
  if (code === undefined) {
    if (example === undefined) return { _tag: "None" }
    const response = operation.responses.find((candidate) => hasExample(candidate, example))
    return response === undefined
      ? unknown(`there is no example ${quoted(example)}; there are: ${everyExample(operation)}`)
      : { _tag: "Preferred", preferred: { status: response.status, example, empty: false } }
  }
  const preferred = answerNamed(operation, code, example)
  return typeof preferred === "string" ? unknown(preferred) : { _tag: "Preferred", preferred }
}

/** The answer of this status and example, or what the contract has in their place, in words. */
export const answerNamed = (
  operation: Operation,
  code: string,
  example: string | undefined,
): Preferred | string => {
  const response = operation.responses.find(({ status }) => String(status) === code)
  if (response === undefined) {
    const codes = operation.responses.map(({ status }) => status).join(", ")
    return `there is no code ${quoted(code)}; there are: ${codes}`
  }
  const { status } = response
  if (example === undefined || hasExample(response, example))
    return { status, example, empty: false }
  if (example === emptyName && response.mayBeEmpty) {
    return { status, example: undefined, empty: true }
  }
  const names = exampleNames(response)
  return `there is no example ${quoted(example)} for ${code}; there ${
    names.length === 0 ? "is none" : `are: ${names.join(", ")}`
  }`
}

const unknown = (what: string): Choice => ({
  _tag: "Unknown",
  answer: problem(400, `Header prefer: ${what}`),
})

const hasExample = ({ examples }: Response, name: string): boolean =>
  examples.some((example) => example.name === name)

const exampleNames = ({ examples, mayBeEmpty }: Response): ReadonlyArray<string> => [
  ...examples.map(({ name }) => name),
  ...(mayBeEmpty ? [emptyName] : []),
]

const everyExample = ({ responses }: Operation): string =>
  responses
    .filter(({ examples }) => examples.length > 0)
    .map(({ status, examples }) => `${status}: ${examples.map(({ name }) => name).join(", ")}`)
    .join("; ")

const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

/**
 * Preferences by their lower-case name; of one that is repeated the first counts. Comma and semicolon both
 * separate, since people write `code=429; example=x` and `code=429, example=x` alike.
 */
export const parsePrefer = (header: string): ReadonlyMap<string, string> => {
  const preferences = new Map<string, string>()
  for (const [, name = "", token, string] of header.matchAll(preference)) {
    const key = name.toLowerCase()
    if (!preferences.has(key)) {
      preferences.set(key, string === undefined ? (token ?? "").trim() : unescaped(string))
    }
  }
  return preferences
}

// A name, then perhaps `=` and a quoted string or whatever stands before the next separator.
const preference = /([^\s,;="]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^,;]*)))?/g

const unescaped = (string: string): string => string.replaceAll(/\\(.)/g, "$1")
