/**
 * Checks the regular expressions of a contract: `pattern` and `x-sent-pattern`.
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
 * Compiles a pattern with the `u` flag, as JSON Schema validators do. Returns the problem, and undefined when the pattern
 * compiles.
 *
 * **Gotchas**
 *
 * A single pattern that does not compile silently disables Prism's validation of the whole body.
 *
 * @example
 * ```ts
 * import { Pattern } from "@effect-sent/contract"
 *
 * // With the `u` flag, a hyphen outside of a class must not be escaped.
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

/** Members that contain data rather than schemas: a `pattern` inside them is not a regular expression. */
const data = new Set(["example", "examples", "value", "default", "enum", "const"])

/**
 * Finds the patterns of a document that do not compile. Returns one sentence for each, with its JSON pointer. `pointer` is the
 * place of the document itself, by default the root.
 *
 * **Details**
 *
 * The document may have resolved references and may contain cycles.
 *
 * @example
 * ```ts
 * import { Pattern } from "@effect-sent/contract"
 *
 * const [problem] = Pattern.invalidPatterns({ schema: { type: "string", pattern: "(" } })
 * console.assert(problem?.startsWith("the pattern at #/schema/pattern does not compile") === true)
 * ```
 */
export const invalidPatterns = (document: object, pointer = "#"): ReadonlyArray<string> => {
  const found: Array<string> = []
  const seen = new Set<object>()

  const visit = (node: object, place: string): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const [key, value] of Object.entries(node)) {
      const here = `${place}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
      if ((key === "pattern" || key === "x-sent-pattern") && typeof value === "string") {
        const problem = problemOf(value)
        if (problem !== undefined) found.push(`the pattern at ${here} does not compile: ${problem}`)
      } else if (Predicate.isObjectOrArray(value) && !data.has(key)) {
        visit(value, here)
      }
    }
  }
  visit(document, pointer)
  return found
}
