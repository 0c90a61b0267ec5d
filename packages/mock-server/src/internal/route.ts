/** Which operation of the contract a request is for. */
import type { Contract, Operation } from "../Contract.ts"
import { type Answer, problem } from "./answer.ts"

export type Route =
  | { readonly _tag: "Found"; readonly operation: Operation; readonly path: string }
  | { readonly _tag: "NotFound"; readonly answer: Answer }

/** The operation, or the 404 or 405 that says what there is. */
export const routeOf = ({ operations }: Contract, method: string, path: string): Route => {
  const segments = path.split("/")
  const here = operations.filter((operation) => matches(operation.path, segments))
  // RFC 9110, section 9.1: methods are case-sensitive.
  const operation = here.find((candidate) => candidate.method === method)
  if (operation !== undefined) return { _tag: "Found", operation, path }
  if (here.length === 0) {
    const known = operations.map((one) => `${one.method} ${one.path}`).join(", ")
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
