/** Makes values safe to send: phone numbers become unassigned ones, and hosts become ones that cannot exist. */
import * as Predicate from "effect/Predicate"

/** `+999` is reserved and unassigned: ITU-T E.164, list of assigned country codes. */
const unassigned = "+999"

const e164 = /^\+[1-9][0-9]{6,14}$/
const httpUrl = /^(https?:\/\/)(?:\[[^\]]*\]|[^/?#:]*)/i

/** The value with every phone number and every URL made safe. Lengths and odd characters are kept. */
export const makeSafe = (value: unknown): unknown => {
  if (Predicate.isString(value)) return safeText(value)
  if (Array.isArray(value)) return value.map(makeSafe)
  if (!Predicate.isObject(value)) return value
  // `fromEntries` makes own properties even of names such as `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, makeSafe(member)]))
}

const safeText = (text: string): string => {
  // The fictitious range of the scenarios is unassigned too.
  if (e164.test(text)) return text.startsWith("+1500555") ? text : unassigned + text.slice(4)
  // RFC 2606, section 2.
  return text.replace(httpUrl, "$1verify.invalid")
}
