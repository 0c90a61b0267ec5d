/** Which of several operations a request is for. */
import { type Answer, problem } from "./answer.ts"

/** What can be called: an operation of the contract, or a route of the mock's own. */
export interface Callable {
  readonly method: string
  /** May hold `{parameters}`. */
  readonly path: string
}

export type Route<A extends Callable> =
  | { readonly _tag: "Found"; readonly operation: A; readonly path: string }
  | { readonly _tag: "NotFound"; readonly answer: Answer }

/** The operation and its path below the base path, or the 404 or 405 that says what there is. */
export const routeOf = <A extends Callable>(
  operations: ReadonlyArray<A>,
  method: string,
  target: string,
  basePath: string,
): Route<A> => {
  const isBelow = target.startsWith(`${basePath}/`)
  const path = target.slice(basePath.length)
  const segments = path.split("/")
  const here = operations.filter((operation) => isBelow && matches(operation.path, segments))
  // RFC 9110, section 9.1: methods are case-sensitive.
  const operation = here.find((candidate) => candidate.method === method)
  if (operation !== undefined) return { _tag: "Found", operation, path }
  if (here.length === 0) {
    const known = operations.map((one) => `${one.method} ${basePath}${one.path}`).join(", ")
    return {
      _tag: "NotFound",
      answer: problem(404, `There is nothing at this path; there is: ${known}`),
    }
  }
  const allowed = here.map((one) => one.method).join(", ")
  return {
    _tag: "NotFound",
    answer: problem(405, `This path takes ${allowed} only`, { Allow: allowed }),
  }
}

const matches = (template: string, segments: ReadonlyArray<string>): boolean => {
  const expected = template.split("/")
  return (
    expected.length === segments.length &&
    expected.every(
      (part, index) =>
        part === segments[index] || (/^\{.*\}$/.test(part) && segments[index] !== ""),
    )
  )
}
