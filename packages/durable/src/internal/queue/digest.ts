/** The digest of a message: it recognises the same message, and says nothing about it to whoever lacks the secret. */
import type { Input } from "@effect-sent/core/SendToPhone"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"

/** Computes the digest of a message. */
export type Digest = (message: Input) => Effect.Effect<string>

/** Makes the function of a secret. Phone numbers can be guessed, so a hash without a secret would reveal them. */
export const makeDigest = Effect.fnUntraced(function* (secret: string): Effect.fn.Return<Digest> {
  const { subtle } = yield* WebCrypto
  const encoder = new TextEncoder()
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = yield* Effect.promise(() =>
    subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]),
  )
  return (message) =>
    Effect.promise(async () => {
      const tag = await subtle.sign("HMAC", key, encoder.encode(purpose + canonical(message)))
      return Base64Url.encode(new Uint8Array(tag))
    })
})

/** Separates these tags from others made with the same secret. */
const purpose = "effect-sent durable digest v1\0"

/** The same text for the same message, whatever the order of its variables and the letter case of its template. */
const canonical = ({ messageBody, phoneNumber, templateId, webhookUrl }: Input): string =>
  JSON.stringify([
    phoneNumber,
    templateId.toLowerCase(),
    Object.entries(messageBody ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    webhookUrl ?? null,
  ])
