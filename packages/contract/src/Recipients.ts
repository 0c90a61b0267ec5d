/**
 * Where the body of a request names the people that it goes to: `phoneNumber`, or the list `to`.
 *
 * @example
 * ```ts
 * import { Recipients } from "@effect-sent/contract"
 *
 * console.assert(Recipients.of({ phoneNumber: "+15005552040" })[0] === "+15005552040")
 * console.assert(Recipients.of({ to: ["+15005552040", "+15005552041"] }).length === 2)
 * ```
 */
import * as Predicate from "effect/Predicate"

/**
 * Returns the phone numbers of a body, in order. Empty for a body that names none.
 *
 * @example
 * ```ts
 * import { Recipients } from "@effect-sent/contract"
 *
 * console.assert(Recipients.of({ text: "Hello" }).length === 0)
 * ```
 */
export const of = (body: unknown): ReadonlyArray<string> => {
  if (!Predicate.isObject(body)) return []
  const member = (name: string): unknown => Object.entries(body).find(([key]) => key === name)?.[1]
  const to = member("to")
  const phoneNumber = member("phoneNumber")
  if (Array.isArray(to)) return to.filter(Predicate.isString)
  return Predicate.isString(phoneNumber) ? [phoneNumber] : []
}

/**
 * Returns a valid body with this phone number as its only recipient.
 *
 * @example
 * ```ts
 * import { Recipients } from "@effect-sent/contract"
 *
 * const body = Recipients.only({ to: ["+15005552040", "+15005552041"] }, "+15005552042")
 * console.assert(Recipients.of(body).join() === "+15005552042")
 * ```
 */
export const only = (body: unknown, phoneNumber: string): object => {
  const others = Predicate.isObject(body) ? body : {}
  return "to" in others ? { ...others, to: [phoneNumber] } : { ...others, phoneNumber }
}
