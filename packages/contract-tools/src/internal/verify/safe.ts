/** Makes values safe to send: phone numbers become ones that nobody can have, and hosts become ones that cannot exist. */
import * as Predicate from "effect/Predicate"

/**
 * Digits of which no region takes the first twelve or more for a phone number, with or without a plus, and with a zero before
 * them or in place of the first: a test tries them with the metadata of libphonenumber. With the plus they are of the country
 * code 999, which is reserved and unassigned (ITU-T E.164, list of assigned country codes).
 */
const unassigned = "999868117801000000"
/** Of more digits than these and fewer than `safe`, any will do for a number in some region. */
const tooFew = 3
const safe = 12

/** A valid number that is safe, and two digits from both bounds of E.164 that matter on a live service. */
export const safeNumber = `+${unassigned.slice(0, 13)}`

export interface Safety {
  /** The names of the members that hold phone numbers. */
  readonly phoneMembers: ReadonlySet<string>
  /** Whether a number could reach a person: the number of its digits changes, then, where no digits would be safe. */
  readonly isLive: boolean
}

/**
 * The value with every URL made safe, and every text of a phone member. Signs between the digits, and a zero at the beginning,
 * are kept.
 */
export const makeSafe = (value: unknown, safety: Safety): unknown => {
  const visit = (node: unknown, isPhone: boolean): unknown => {
    if (Predicate.isString(node))
      return isPhone ? safePhone(node, safety.isLive) : safeUrl(node, safety.isLive)
    // A number may be read as one, too.
    if (Predicate.isNumber(node)) {
      return isPhone && Math.abs(node) > 999 ? Number(safePhone("0".repeat(safe), true)) : node
    }
    if (Array.isArray(node)) return node.map((item) => visit(item, isPhone))
    if (!Predicate.isObject(node)) return node
    // `fromEntries` makes own properties even of names such as `__proto__`.
    return Object.fromEntries(
      Object.entries(node).map(([name, own]) => [name, visit(own, safety.phoneMembers.has(name))]),
    )
  }
  return visit(value, false)
}

/** Each number on its own, in a text that has several. */
const safePhone = (text: string, isLive: boolean): string =>
  text
    .split(/(?=[+\n])/)
    .map((part) => safePart(part, isLive))
    .join("")

const safePart = (text: string, isLive: boolean): string => {
  const digits = text.match(/\p{Nd}/gu) ?? []
  const count = digits.length
  const isUnsafe = isLive && count > tooFew && count < safe
  // What is nearly long enough for a number becomes one that is safe. What is too short stays too short.
  const length = isUnsafe ? (count < 7 ? tooFew : safe) : count
  let seen = 0
  return text.replaceAll(/\p{Nd}/gu, (digit) => {
    const index = seen++
    const isZero = index === 0 && valueOf(digit) === 0
    const value = isZero ? "0" : (unassigned[index % unassigned.length] ?? "9")
    const rest = index + 1 === count ? unassigned.slice(count, Math.max(length, count)) : ""
    return index < length ? sameScript(digit, Number(value)) + rest : ""
  })
}

/** The scripts of the digits that are sent, by their zero. */
const zeros = [0x30, 0x660, 0xff10]

const valueOf = (digit: string): number => {
  const code = digit.codePointAt(0) ?? 0
  return zeros.map((zero) => code - zero).find((value) => value >= 0 && value < 10) ?? 0
}

const sameScript = (digit: string, value: number): string =>
  String.fromCodePoint((digit.codePointAt(0) ?? 0) - valueOf(digit) + value)

/** A host, after a scheme with as many slashes as a lax parser takes, and after user info. */
const httpHost = /(https?:[\\/]*(?:[^/?#@\s]*@)?)(?:\[[^\]]*\]|[^/?#:\s\\]*)/gi

// RFC 2606, section 2.
const safeUrl = (text: string, isLive: boolean): string =>
  !isLive && ofNobodyHere.test(text) ? text : text.replace(httpHost, "$1verify.invalid")

/** A port of this machine that nothing but a system service could have. */
const ofNobodyHere = /^https?:\/\/\[::1\]:111\b/
