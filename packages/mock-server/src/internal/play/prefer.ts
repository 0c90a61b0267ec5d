/** Reads `Prefer` (RFC 7240), with which a request chooses one of the contract's answers. */
import type { Operation, Response } from "@effect-sent/contract/Contract"
import { emptyExample } from "@effect-sent/contract/Scenario"
import { type Answer, problem } from "../http/answer.ts"

/** The chosen answer. */
export interface Preferred {
  readonly status: number
  /** The name of an example. Undefined selects the first one, if the response has examples. */
  readonly example: string | undefined
  /** Whether the answer has no body: `example=empty`. */
  readonly empty: boolean
}

export type Choice =
  | { readonly _tag: "None" }
  | { readonly _tag: "Preferred"; readonly preferred: Preferred }
  | { readonly _tag: "Unknown"; readonly answer: Answer }

/** Reads the header and looks up the answer. A code or example that the contract does not declare is refused. */
export const choosePreferred = (operation: Operation, header: string | undefined): Choice => {
  const preferences = parsePrefer(header ?? "")
  const code = preferences.get("code")
  const example = preferences.get("example")
  if (code === undefined) {
    if (example === undefined) return { _tag: "None" }
    const response = operation.responses.find((candidate) => hasExample(candidate, example))
    return response === undefined
      ? unknown(`no example ${quoted(example)}; available: ${everyExample(operation)}`)
      : { _tag: "Preferred", preferred: { status: response.status, example, empty: false } }
  }
  const preferred = answerNamed(operation, code, example)
  return typeof preferred === "string" ? unknown(preferred) : { _tag: "Preferred", preferred }
}

/** Looks up an answer by status and example. Returns a description of the problem when the contract does not declare it. */
export const answerNamed = (
  operation: Operation,
  code: string,
  example: string | undefined,
): Preferred | string => {
  const response = operation.responses.find(({ status }) => String(status) === code)
  if (response === undefined) {
    const codes = operation.responses.map(({ status }) => status).join(", ")
    return `no code ${quoted(code)}; available: ${codes}`
  }
  const { status } = response
  if (example === undefined || hasExample(response, example))
    return { status, example, empty: false }
  if (example === emptyExample && response.mayBeEmpty) {
    return { status, example: undefined, empty: true }
  }
  const names = exampleNames(response)
  return `no example ${quoted(example)} for ${code}; available: ${
    names.length === 0 ? "none" : names.join(", ")
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
  ...(mayBeEmpty ? [emptyExample] : []),
]

const everyExample = ({ responses }: Operation): string =>
  responses
    .filter(({ examples }) => examples.length > 0)
    .map(({ status, examples }) => `${status}: ${examples.map(({ name }) => name).join(", ")}`)
    .join("; ")

const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

/**
 * Parses the preferences by their lower-case name. The first of repeated preferences wins. Both comma and semicolon separate
 * preferences, so that `code=429; example=x` and `code=429, example=x` are the same.
 */
const parsePrefer = (header: string): ReadonlyMap<string, string> => {
  const preferences = new Map<string, string>()
  for (const [, name = "", token, string] of header.matchAll(preference)) {
    const key = name.toLowerCase()
    if (!preferences.has(key)) {
      preferences.set(key, string === undefined ? (token ?? "").trim() : unescaped(string))
    }
  }
  return preferences
}

// A name, optionally followed by `=` and either a quoted string or the text before the next separator.
const preference = /([^\s,;="]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^,;]*)))?/g

const unescaped = (string: string): string => string.replaceAll(/\\(.)/g, "$1")
