/**
 * The regular expressions of a contract: `pattern` and `x-sent-pattern`.
 *
 * @example
 * ```ts
 * import { Pattern } from "@effect-sent/contract"
 *
 * console.assert(Pattern.problemOf("^[a-z]+$") === undefined)
 * console.assert(Pattern.problemOf("[a-z")?.includes("Unterminated character class") === true)
 * ```
 */
import * as Predicate from "effect/Predicate"

/**
 * Why a pattern does not compile under the `u` flag, as JSON Schema validators compile it. Undefined when it does.
 *
 * **Gotchas**
 *
 * One pattern that does not compile silently switches off Prism's validation of the whole body.
 *
 * @example
 * ```ts
 * import { Pattern } from "@effect-sent/contract"
 *
 * // A hyphen must not be escaped outside of a class under the `u` flag.
 * console.assert(Pattern.problemOf("a\\-b") !== undefined)
 * ```
 */
export const problemOf = (pattern: string): string | undefined => {
  try {
    return void new RegExp(pattern, "u")
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** Members that hold data rather than schemas: a `pattern` in there is not a regular expression. */
const data = new Set(["example", "examples", "value", "default", "enum", "const"])

/**
 * Every pattern of a document that does not compile, each in one sentence with its JSON pointer. The references of the
 * document may be resolved, and it may contain cycles.
 *
 * @example
 * ```ts
 * import { Pattern } from "@effect-sent/contract"
 *
 * const [problem] = Pattern.invalidPatterns({ schema: { type: "string", pattern: "(" } })
 * console.assert(problem?.startsWith("the pattern at #/schema/pattern does not compile") === true)
 * ```
 */
export const invalidPatterns = (document: object): ReadonlyArray<string> => {
  const found: Array<string> = []
  const seen = new Set<object>()

  const visit = (node: object, pointer: string): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const [key, value] of Object.entries(node)) {
      const here = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
      if ((key === "pattern" || key === "x-sent-pattern") && typeof value === "string") {
        const problem = problemOf(value)
        if (problem !== undefined) found.push(`the pattern at ${here} does not compile: ${problem}`)
      } else if (Predicate.isObjectOrArray(value) && !data.has(key)) {
        visit(value, here)
      }
    }
  }
  visit(document, "#")
  return found
}
