/** HMAC-SHA-256 and random bytes, by Web Crypto, which every runtime with `fetch` has. */
import * as Context from "effect/Context"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Crypto {
  readonly mac: Mac.Mac["Service"]
  readonly random: SecureRandom.SecureRandom["Service"]
}

/** A key that was imported once. */
export type Key = Mac.Key<typeof Mac.hmacSha256>

/** The services, built when they are first asked for: that costs little and fails nowhere. */
export const crypto: Effect.Effect<Crypto> = Effect.suspend(
  () =>
    (built ??= Effect.runSync(
      Effect.cached(
        Effect.scoped(
          Effect.map(
            Layer.build(Layer.provideMerge(Mac.layerWebCrypto, SecureRandom.layerWebCrypto)),
            (context) => ({
              mac: Context.get(context, Mac.Mac),
              random: Context.get(context, SecureRandom.SecureRandom),
            }),
          ),
        ),
      ),
    )),
)

let built: Effect.Effect<Crypto> | undefined

/** A key of these bytes, of which there must be at least one. */
export const importKey = (bytes: Uint8Array): Effect.Effect<Key> =>
  Effect.orDie(Mac.key(Mac.hmacSha256, bytes))

export const sign = ({ mac }: Crypto, key: Key, data: Uint8Array): Effect.Effect<Uint8Array> =>
  // Web Crypto is there and the key is good: nothing can fail.
  Effect.orDie(mac.sign(key, data))

/** Compares in constant time. */
export const verify = (
  { mac }: Crypto,
  key: Key,
  tag: Uint8Array,
  data: Uint8Array,
): Effect.Effect<boolean> => Effect.orDie(mac.verify(key, tag, data))
