/**
 * The token in a callback URL: a random id and an expiry time, signed, so that only the provider can send an update for
 * the send.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Hmac from "./hmac.ts"

export interface Tokens {
  /** Makes a token that expires after this many milliseconds. */
  readonly make: (timeToLive: number) => Effect.Effect<Token>
  /** Verifies a token. */
  readonly read: (text: string) => Effect.Effect<Token | "forged" | "expired">
}

export interface Token {
  readonly text: string
  readonly id: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const idBytes = 16
const timeBytes = 6
const tagBytes = 32
/** The latest time that a token can hold, in the year 10889: that of a send that is tracked forever. */
const never = 2 ** (8 * timeBytes) - 1
const length = idBytes + timeBytes + tagBytes

/** Separates these signatures from others made with the same secret. */
const purpose = new TextEncoder().encode("effect-sent delivery token v1\0")

const expiryOf = (timeToLive: number): Effect.Effect<number> =>
  Effect.map(Clock.currentTimeMillis, (now) => Math.min(Math.floor(now + timeToLive), never))

/** The id and the expiry of a send that needs no token. */
export const makeUnsigned = (timeToLive: number): Effect.Effect<Omit<Token, "text">> =>
  Effect.all({
    id: Effect.map(Hmac.randomBytes(idBytes), Base64Url.encode),
    expiresAt: expiryOf(timeToLive),
  })

export const makeTokens = Effect.fnUntraced(function* (secret: Uint8Array<ArrayBuffer>) {
  const key = yield* Hmac.importKey(secret)

  const tokens: Tokens = {
    make: Effect.fnUntraced(function* (timeToLive) {
      const id = yield* Hmac.randomBytes(idBytes)
      const expiresAt = yield* expiryOf(timeToLive)
      const bytes = new Uint8Array(length)
      bytes.set(id)
      new DataView(bytes.buffer).setUint16(idBytes, Math.floor(expiresAt / 2 ** 32))
      new DataView(bytes.buffer).setUint32(idBytes + 2, expiresAt % 2 ** 32)
      const head = bytes.subarray(0, idBytes + timeBytes)
      bytes.set(yield* key.sign(purpose, head), idBytes + timeBytes)
      return { text: Base64Url.encode(bytes), id: Base64Url.encode(id), expiresAt }
    }),
    read: Effect.fnUntraced(function* (text) {
      const decoded = Base64Url.decode(text)
      if (Result.isFailure(decoded) || decoded.success.length !== length) return "forged"
      const bytes = new Uint8Array(decoded.success)
      const head = bytes.subarray(0, idBytes + timeBytes)
      const tag = bytes.subarray(idBytes + timeBytes)
      const expected = yield* key.sign(purpose, head)
      if (!Hmac.isSameTag(tag, expected)) return "forged"
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      const expiresAt = view.getUint16(idBytes) * 2 ** 32 + view.getUint32(idBytes + 2)
      if ((yield* Clock.currentTimeMillis) >= expiresAt) return "expired"
      return { text, id: Base64Url.encode(bytes.subarray(0, idBytes)), expiresAt }
    }),
  }
  return tokens
})
