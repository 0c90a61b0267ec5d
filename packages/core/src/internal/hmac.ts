/** HMAC-SHA-256 and random bytes, by Web Crypto, which every runtime with `fetch` has. */
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"

/** A key that was imported once: for one that is imported anew each time, Web Crypto takes twice as long. */
export interface Key {
  readonly sign: (data: Uint8Array<ArrayBuffer>) => Effect.Effect<Uint8Array<ArrayBuffer>>
  /** Compares in constant time. */
  readonly verify: (
    tag: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ) => Effect.Effect<boolean>
}

/** A key of these bytes, of which there must be at least one. */
export const importKey = Effect.fnUntraced(function* (
  bytes: Uint8Array<ArrayBuffer>,
): Effect.fn.Return<Key> {
  const { subtle } = yield* WebCrypto
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = yield* Effect.promise(() =>
    subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]),
  )
  return {
    sign: (data) =>
      Effect.map(
        Effect.promise(() => subtle.sign("HMAC", key, data)),
        (tag) => new Uint8Array(tag),
      ),
    verify: (tag, data) => Effect.promise(() => subtle.verify("HMAC", key, tag, data)),
  }
})

export const randomBytes = (size: number): Effect.Effect<Uint8Array<ArrayBuffer>> =>
  Effect.map(WebCrypto, (crypto) => crypto.getRandomValues(new Uint8Array(size)))
