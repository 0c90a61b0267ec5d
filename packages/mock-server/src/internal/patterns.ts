import * as Predicate from "effect/Predicate"

/** Members that hold data rather than schemas: a `pattern` in there is nobody's regular expression. */
const data = new Set(["example", "examples", "value", "default", "enum", "const"])

/**
 * Every `pattern` and `x-sent-pattern` that does not compile under the `u` flag, with where it stands. One of
 * them would silently switch off Prism's validation of the whole body.
 */
export const brokenPatterns = (document: object): ReadonlyArray<string> => {
  const found: Array<string> = []
  // References are resolved, so that one schema is met often and may hold itself.
  const seen = new Set<object>()

  const visit = (node: object, pointer: string): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const [key, value] of Object.entries(node)) {
      const here = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
      if ((key === "pattern" || key === "x-sent-pattern") && typeof value === "string") {
        const problem = compileProblem(value)
        if (problem !== undefined) found.push(`the pattern at ${here} does not compile: ${problem}`)
      } else if (Predicate.isObjectOrArray(value) && !data.has(key)) {
        visit(value, here)
      }
    }
  }
  visit(document, "#")
  return found
}

const compileProblem = (pattern: string): string | undefined => {
  try {
    return void new RegExp(pattern, "u")
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}
