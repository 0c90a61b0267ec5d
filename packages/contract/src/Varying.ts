/**
 * The members of a body whose values belong to one exchange: `x-sent-varies`. Their values in an example only show their form, so
 * a comparison of an answer with an example leaves them out.
 *
 * @example
 * ```ts
 * import { Varying } from "@effect-sent/contract"
 *
 * const schema = {
 *   properties: { id: { type: "string", "x-sent-varies": true }, status: { type: "string" } },
 * }
 * const example = { id: "1", status: "QUEUED" }
 * console.assert(Varying.isSame(schema, example, { id: "2", status: "QUEUED" }))
 * console.assert(!Varying.isSame(schema, example, { id: "1", status: "SENT" }))
 * ```
 */
import * as Predicate from "effect/Predicate"
import { isDeepStrictEqual } from "node:util"

/**
 * Returns whether a body equals an example, apart from the members that vary.
 *
 * @example
 * ```ts
 * import { Varying } from "@effect-sent/contract"
 *
 * console.assert(Varying.isSame({}, { id: "1" }, { id: "1" }))
 * ```
 */
export const isSame = (schema: unknown, example: unknown, body: unknown): boolean =>
  isDeepStrictEqual(steady(schema, example), steady(schema, body))

/** The value without the members that vary. */
const steady = (schema: unknown, value: unknown): unknown => {
  if (!Predicate.isObject(value) || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, own]): ReadonlyArray<readonly [string, unknown]> => {
      const declared = propertiesOf(schema, name)
      return declared.some((one) => memberOf(one, "x-sent-varies") === true)
        ? []
        : [[name, declared.reduce<unknown>((rest, one) => steady(one, rest), own)]]
    }),
  )
}

/** What a schema, or a part of it, declares of a property. */
const propertiesOf = (schema: unknown, name: string): ReadonlyArray<unknown> => {
  const own = memberOf(memberOf(schema, "properties"), name)
  const parts = [memberOf(schema, "allOf")].flat()
  return [
    ...(own === undefined ? [] : [own]),
    ...parts.flatMap((part) => (part === undefined ? [] : propertiesOf(part, name))),
  ]
}

// Own members only: a property may be named `constructor`.
const memberOf = (value: unknown, key: string): unknown =>
  Predicate.isObject(value) && Object.hasOwn(value, key)
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined
