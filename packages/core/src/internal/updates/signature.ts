/**
 * The signature of a call: HMAC-SHA-256 over its id, its time and the raw bytes of its body.
 *
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Kind from "../options.ts"
import * as Hmac from "./hmac.ts"

/** A webhook secret as the provider shows it: `whsec_` and the base64 of the key. */
export type Secret = string | Redacted.Redacted<string>

/** What is signed. */
export interface Signed {
  readonly id: string
  /** Unix seconds. */
  readonly timestamp: string
  readonly body: Uint8Array
}

/** The fewest bytes of a key. Standard Webhooks asks for 24 to 64; some senders make shorter ones. */
const minKeyBytes = 16

const keyOf = (text: string): Uint8Array => {
  const bytes = Base64.decode(text.replace(/^whsec_/, ""))
  return Result.isFailure(bytes) ? new Uint8Array() : bytes.success
}

/** A webhook secret. */
export const webhookSecret: Kind.Kind = Kind.secret(
  "must be `whsec_` and the base64 of the key, as the provider shows it",
  (text) => {
    const { length } = keyOf(text)
    if (length === 0) return ""
    return length >= minKeyBytes
      ? undefined
      : `the key has ${length} of at least ${minKeyBytes} bytes`
  },
)

/** Imports the key of a secret that is a {@link webhookSecret}. */
export const importSecret = (given: Secret): Effect.Effect<Hmac.Key> =>
  Hmac.importKey(new Uint8Array(keyOf(Redacted.isRedacted(given) ? Redacted.value(given) : given)))

/** Signs a call; returns one entry of the signature header. */
export const signatureOf = (key: Hmac.Key, signed: Signed): Effect.Effect<string> =>
  Effect.map(key.sign(headOf(signed), signed.body), (tag) => `v1,${Base64.encode(tag)}`)

/** More secrets than any sender has at a time. */
const maxSignatures = 10

/** Whether one of the signatures, separated by spaces, was made with one of the keys. */
export const matchesAny = Effect.fnUntraced(function* (
  keys: ReadonlyArray<Hmac.Key>,
  signatures: string,
  signed: Signed,
): Effect.fn.Return<boolean> {
  const tags = signatures.split(" ", maxSignatures).flatMap((signature) => tagOf(signature) ?? [])
  if (tags.length === 0) return false
  const head = headOf(signed)
  for (const key of keys) {
    // Once a key: a sender without the secret must not multiply the work by sending many signatures.
    const expected = yield* key.sign(head, signed.body)
    if (tags.some((tag) => Hmac.isSameTag(tag, expected))) return true
  }
  return false
})

const encoder = new TextEncoder()

const headOf = ({ id, timestamp }: Signed): Uint8Array => encoder.encode(`${id}.${timestamp}.`)

const tagOf = (signature: string): Uint8Array | undefined => {
  // 43 characters and one of padding are 32 bytes; other versions are for other receivers.
  const [, text] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature) ?? []
  const tag = text === undefined ? undefined : Base64.decode(text)
  return tag === undefined || Result.isFailure(tag) ? undefined : tag.success
}
