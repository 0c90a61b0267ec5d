/** Members of JSON values. */
import * as Predicate from "effect/Predicate"

export type JsonObject = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is JsonObject =>
  Predicate.isObject(value) && !Array.isArray(value)

/** A member of a JSON object. */
export const memberOf = (value: unknown, name: string): unknown =>
  isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** A member of a JSON object if it is a string. */
export const textIn = (value: unknown, name: string): string | undefined => {
  const member = memberOf(value, name)
  return Predicate.isString(member) ? member : undefined
}

/** The strings of a member that is an object, by name. */
export const textsIn = (value: unknown, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(memberOf(value, name) ?? {}).flatMap(([key, text]) =>
      Predicate.isString(text) ? [[key, text]] : [],
    ),
  )
