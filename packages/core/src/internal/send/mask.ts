/**
 * Masks what a request said in the words of the service: its messages may quote the phone number or a
 * template value, and errors end up in logs.
 */
import * as Redacted from "effect/Redacted"
import type { SendToPhoneRequest } from "../../SendToPhone.ts"
import type { Credentials } from "../../SentCredentials.ts"

/** What the mask looks like. */
export const masked = "<redacted>"

// More than a person reads; a refusal that needs it all does not exist.
const maxLength = 500

/** A function that masks every value of the request and its credentials in a text, and shortens it. */
export const makeMask = (
  request: SendToPhoneRequest,
  credentials: Credentials,
): ((text: string) => string) => {
  const digits = request.phoneNumber.slice(1)
  const secrets = [
    request.phoneNumber,
    digits,
    Redacted.value(credentials.apiKey),
    Redacted.value(credentials.senderId),
    ...Object.values(request.messageBody ?? {}),
    ...(request.webhookUrl === undefined ? [] : [request.webhookUrl]),
  ].filter((secret) => secret.trim().length > 0)
  // A number in another notation than the request's: +1 (234) 567-890.
  const spelled = new RegExp(`\\+?${digits.split("").join("[\\s().-]*")}`, "g")
  return (text) => {
    // What is longer than the text is not in it; the longest go first, so that no part of one is left over.
    const quoted = secrets
      .filter((secret) => secret.length <= text.length)
      .toSorted((a, b) => b.length - a.length)
      .map(toPattern)
      .join("|")
    const safe = (
      quoted === "" ? text : text.replaceAll(new RegExp(quoted, "giu"), masked)
    ).replaceAll(spelled, masked)
    return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength)}…`
  }
}

// A short value must stand alone: the "a" of a template variable does not mask the a in every word.
const toPattern = (secret: string): string => {
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
  return secret.length > 3 ? literal : String.raw`(?<![\p{L}\p{N}])${literal}(?![\p{L}\p{N}])`
}
