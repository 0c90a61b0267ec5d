/**
 * Masks the values of a request in the words of the service: its messages may quote the phone number or a template
 * value, and errors end up in logs.
 */
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../SentCredentials.ts"
import type { Operation, Privacy } from "./operation.ts"

/** What replaces a masked value. */
export const masked = "<redacted>"

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
    Redacted.value(credentials.apiKey),
    Redacted.value(credentials.senderId),
    ...privateFields.flatMap(([kind, value]) => privateTexts[kind](value)),
  ].filter((secret) => secret.trim().length > 0)
  const phoneNumbers = privateFields.flatMap(([kind, value]) =>
    kind === "phone-number" && Predicate.isString(value) ? [anyNotation(value)] : [],
  )
  return (text) => {
    // A value that is longer than the text is not in it. The longest are replaced first, so that no part of one is left.
    const quoted = secrets
      .filter((secret) => secret.length <= text.length)
      .toSorted((a, b) => b.length - a.length)
      .map(toPattern)
      .join("|")
    const withoutSecrets = quoted === "" ? text : text.replaceAll(new RegExp(quoted, "giu"), masked)
    const safe = phoneNumbers.reduce(
      (unsafe, phoneNumber) => unsafe.replaceAll(phoneNumber, masked),
      withoutSecrets,
    )
    return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength)}…`
  }
}

/** The private texts of a field's value, by the kind of its privacy. */
const privateTexts: { readonly [Kind in Privacy]: (value: unknown) => ReadonlyArray<string> } = {
  public: () => [],
  "phone-number": (value) => (Predicate.isString(value) ? [value, value.slice(1)] : []),
  text: (value) => (Predicate.isString(value) ? [value] : []),
  values: (value) =>
    Predicate.isObject(value) ? Object.values(value).filter(Predicate.isString) : [],
}

// Also in another notation than the request's, such as +1 (234) 567-890.
const anyNotation = (phoneNumber: string): RegExp =>
  new RegExp(`\\+?${phoneNumber.slice(1).split("").join("[\\s().-]*")}`, "g")

// A short value must stand alone: the "a" of a template variable does not mask the a in every word.
const toPattern = (secret: string): string => {
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
  return secret.length > 3 ? literal : String.raw`(?<![\p{L}\p{N}])${literal}(?![\p{L}\p{N}])`
}
