/** Finds the route of a request, or the 404 or 405 to answer with. */
import * as Route from "@effect-sent/contract/Route"
import { type Answer, problem } from "./answer.ts"

export type Routed<A extends Route.Callable> =
  | {
      readonly _tag: "Found"
      readonly target: A
      /** The request's path below the base path. */
      readonly path: string
      /** The values of the path parameters, in order. */
      readonly parameters: ReadonlyArray<string>
    }
  | { readonly _tag: "Refused"; readonly answer: Answer }

/** Looks up a method and a target below the base path. A refusal lists the available methods or routes. */
export const routeOf = <A extends Route.Callable>(
  callables: ReadonlyArray<A>,
  method: string,
  target: string,
  basePath: string,
): Routed<A> => {
  // Without the base path, the path is empty and matches no route: each begins with a slash.
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
  problem(405, `Method not allowed; this path supports ${allowed}`, { Allow: allowed })

const notFound = (known: string): Answer => problem(404, `No such path; available: ${known}`)
