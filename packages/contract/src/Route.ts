/**
 * Finds the operation or route that a request calls.
 *
 * @example
 * ```ts
 * import { Route } from "@effect-sent/contract"
 *
 * const routes = [{ method: "GET", path: "/messages/{id}" }]
 * console.assert(Route.find(routes, "GET", "/messages/1")._tag === "Found")
 * console.assert(Route.find(routes, "PUT", "/messages/1")._tag === "MethodNotAllowed")
 * console.assert(Route.find(routes, "GET", "/templates")._tag === "NotFound")
 * ```
 */

/** A method and a path: an operation of a contract, or a route of the mock. */
export interface Callable {
  /** The method, in upper case. */
  readonly method: string
  /** The path. It may contain `{parameters}`, each of which is a whole segment. */
  readonly path: string
}

/** The result of looking up a request. */
export type Route<A extends Callable> =
  | {
      readonly _tag: "Found"
      readonly target: A
      /** The values of the path parameters, in order. */
      readonly parameters: ReadonlyArray<string>
    }
  | {
      readonly _tag: "MethodNotAllowed"
      /** The methods that the path supports. */
      readonly allowed: ReadonlyArray<string>
    }
  | { readonly _tag: "NotFound" }

/**
 * Looks up a method and a path.
 *
 * **Details**
 *
 * Methods are case-sensitive (RFC 9110, section 9.1). The path is compared segment by segment and is not decoded.
 *
 * @example
 * ```ts
 * import { Route } from "@effect-sent/contract"
 *
 * const route = Route.find([{ method: "GET", path: "/messages/{id}" }], "GET", "/messages/42")
 * console.assert(route._tag === "Found" && route.parameters[0] === "42")
 * ```
 */
export const find = <A extends Callable>(
  callables: ReadonlyArray<A>,
  method: string,
  path: string,
): Route<A> => {
  const segments = path.split("/")
  const here = callables.filter((callable) => matches(callable.path, segments))
  const target = here.find((candidate) => candidate.method === method)
  if (target !== undefined) {
    const parameters = target.path
      .split("/")
      .flatMap((part, index) => (isParameter(part) ? [segments[index] ?? ""] : []))
    return { _tag: "Found", target, parameters }
  }
  return here.length === 0
    ? { _tag: "NotFound" }
    : { _tag: "MethodNotAllowed", allowed: here.map((one) => one.method) }
}

const isParameter = (part: string): boolean => /^\{.*\}$/.test(part)

const matches = (template: string, segments: ReadonlyArray<string>): boolean => {
  const expected = template.split("/")
  return (
    expected.length === segments.length &&
    expected.every(
      (part, index) => part === segments[index] || (isParameter(part) && segments[index] !== ""),
    )
  )
}
