/**
 * Masks the values of a request in the words of the service: its messages may quote the phone number or a template
 * value, and errors end up in logs.
 */
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../SentCredentials.ts"
import type { Operation, Privacy } from "./operation.ts"

/** What replaces a masked value. */
const masked = "<redacted>"

// More than a person reads; no rejection needs all of it.
const maxLength = 500

/** Returns a function that masks the private values of a request and its credentials in a text, and shortens it. */
export const makeMask = <Request extends object>(
  { privacy }: Pick<Operation<Request>, "privacy">,
  request: Request,
  credentials: Credentials,
): ((text: string) => string) => {
  const values = new Map<string, unknown>(Object.entries(request))
  const privateFields = Object.entries<Privacy>(privacy).map(
    ([field, kind]) => [kind, values.get(field)] as const,
  )
  const secrets = [
    ...[credentials.apiKey, credentials.senderId, credentials.profileId]
      .filter(Predicate.isNotUndefined)
      .map((secret) => Redacted.value<string>(secret)),
    ...privateFields.flatMap(([kind, value]) => privateTexts[kind](value)),
  ].filter((secret) => secret.trim().length > 0)
  const phoneNumbers = privateFields.flatMap(([kind, value]) =>
    kind === "phone-number" ? [value].flat().filter(Predicate.isString) : [],
  )
  return (text) => {
    // A value that is longer than the text is not in it. The longest are replaced first, so that no part of one is left.
    const quoted = secrets
      .filter((secret) => secret.length <= text.length)
      .toSorted((a, b) => b.length - a.length)
      .map(toPattern)
      .join("|")
    const withoutSecrets = quoted === "" ? text : text.replaceAll(new RegExp(quoted, "giu"), masked)
    const safe = phoneNumbers.reduce(maskNumber, withoutSecrets)
    return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength)}…`
  }
}

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/** The private texts of a field's value, by the kind of its privacy. A phone number is masked by its digits. */
const privateTexts: { readonly [Kind in Privacy]: (value: unknown) => ReadonlyArray<string> } = {
  public: () => [],
  "phone-number": () => [],
  text: (value) => (Predicate.isString(value) ? [value] : []),
  url: (value) => (Predicate.isString(value) ? partsOf(value) : []),
  values: (value) =>
    Predicate.isObject(value) ? Object.values(value).filter(Predicate.isString) : [],
  template: (value) =>
    Predicate.hasProperty(value, "parameters") ? privateTexts.values(value.parameters) : [],
}

/** A URL, and its path with and without the query: either may hold a secret. */
const partsOf = (url: string): ReadonlyArray<string> => {
  const [, path = ""] = /^[a-z]+:\/\/[^/?]*(.*)$/i.exec(url) ?? []
  return [url, path, path.replace(/\?.*$/, "")].filter((part) => part.length > 1)
}

// A short value must stand alone: the "a" of a template variable does not mask the a in every word.
const toPattern = (secret: string): string => {
  const encoded = Array.from(secret, toEncodings).join("")
  return secret.length > 3 ? encoded : String.raw`(?<![\p{L}\p{N}])${encoded}(?![\p{L}\p{N}])`
}

/** A character as it is, percent-encoded, as an entity of HTML or escaped in JSON. Letters and digits need no encoding. */
const toEncodings = (character: string): string => {
  if (/[A-Za-z0-9]/.test(character)) return character
  const code = character.codePointAt(0) ?? 0
  const forms = [
    character.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`),
    percent(character),
    `&#0*${code};`,
    `&#x0*${code.toString(16)};`,
    character.replaceAll(/[^]/g, (unit) => String.raw`\\u${hex(unit.charCodeAt(0), 4)}`),
    ...(named[character] ?? []),
  ]
  return `(?:${forms.join("|")})`
}

const percent = (character: string): string =>
  Array.from(new TextEncoder().encode(character), (byte) => `%${hex(byte, 2)}`).join("")

const hex = (code: number, length: number): string => code.toString(16).padStart(length, "0")

const named: Readonly<Record<string, ReadonlyArray<string>>> = {
  " ": [String.raw`\+`, "&nbsp;"],
  "&": ["&amp;"],
  "<": ["&lt;"],
  ">": ["&gt;"],
  '"': ["&quot;", String.raw`\\"`],
  "'": ["&apos;"],
}

// -----------------------------------------------------------------------------
// Phone numbers
// -----------------------------------------------------------------------------

// Between two digits: other characters than letters and digits, and encoded ones, such as " (", "-", "%20", "&nbsp;".
const between = String.raw`(?:%[0-9a-f]{2}|&#?\w{1,8};|\\u[0-9a-f]{4}|[^\p{L}\p{N}]){0,4}`

const digitRun = new RegExp(
  String.raw`(?:\+|%2b|&#43;|&plus;)?\(?\p{Nd}(?:${between}\p{Nd})*`,
  "giu",
)

const separator = new RegExp(String.raw`%[0-9a-f]{2}|&#?\w{1,8};|\\u[0-9a-f]{4}|[^\p{Nd}]`, "giu")

/**
 * Masks every run of digits, of any script and however they are separated, that has the digits of a number in it. A number
 * may be written without its country code, which has three digits at most.
 */
const maskNumber = (text: string, phoneNumber: string): string => {
  const national = phoneNumber.slice(1 + longestCountryCode)
  return text.replaceAll(digitRun, (run) =>
    // What looks like an encoded separator may be digits.
    [run.replaceAll(separator, ""), run.replaceAll(/[^\p{Nd}]/gu, "")].some((digits) =>
      Array.from(digits, digitOf).join("").includes(national),
    )
      ? masked
      : run,
  )
}

const longestCountryCode = 3

/** The value of a digit of any script: Unicode has the digits of each in a row, from 0 to 9. */
const digitOf = (digit: string): string => {
  const code = digit.codePointAt(0) ?? 0
  let zero = code
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String((code - zero) % 10)
}
