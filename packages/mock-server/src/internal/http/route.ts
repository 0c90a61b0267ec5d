/** The 404 and 405 of a request that is for nothing. */
import * as Route from "@effect-sent/contract/Route"
import { type Answer, problem } from "./answer.ts"

export type Routed<A extends Route.Callable> =
  | {
      readonly _tag: "Found"
      readonly target: A
      /** The request's path below the base path. */
      readonly path: string
      /** What stands in the path in place of the parameters, in their order. */
      readonly parameters: ReadonlyArray<string>
    }
  | { readonly _tag: "Refused"; readonly answer: Answer }

/** What a request is for, or the answer that says what there is in its place. */
export const routeOf = <A extends Route.Callable>(
  callables: ReadonlyArray<A>,
  method: string,
  target: string,
  basePath: string,
): Routed<A> => {
  // Without the base path in front, no path of a contract matches: each begins with a slash.
  const path = target.startsWith(`${basePath}/`) ? target.slice(basePath.length) : ""
  const route = Route.find(callables, method, path)
  if (route._tag === "Found") return { ...route, path }
  return {
    _tag: "Refused",
    answer:
      route._tag === "MethodNotAllowed"
        ? notAllowed(route.allowed.join(", "))
        : notFound(callables.map((one) => `${one.method} ${basePath}${one.path}`).join(", ")),
  }
}

const notAllowed = (allowed: string): Answer =>
  problem(405, `This path takes ${allowed} only`, { Allow: allowed })

const notFound = (known: string): Answer =>
  problem(404, `There is nothing at this path; there is: ${known}`)
