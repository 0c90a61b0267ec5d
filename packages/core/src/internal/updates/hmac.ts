/**
 * HMAC-SHA-256 and random bytes. By Web Crypto, which every runtime with `fetch` has; but it hands each call to another
 * thread and waits for it, about 35 µs for what takes 3, so where the runtime has the same at once, that is used.
 */
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** A key that was imported once: for one that is imported anew each time, either way takes twice as long or more. */
export interface Key {
  readonly sign: (data: Uint8Array<ArrayBuffer>) => Effect.Effect<Uint8Array<ArrayBuffer>>
  /** Compares in constant time. */
  readonly verify: (
    tag: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ) => Effect.Effect<boolean>
}

/** A key of these bytes, of which there must be at least one. */
export const importKey = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Key> =>
  Effect.flatMap(WebCrypto, (crypto) => {
    // Who has put another Web Crypto in its place wants it used.
    const node = crypto === globalThis.crypto ? nodeCrypto() : undefined
    return node === undefined
      ? webKey(crypto.subtle, bytes)
      : Effect.sync(() => nodeKey(node, bytes))
  })

const webKey = (subtle: SubtleCrypto, bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Key> =>
  Effect.map(
    Effect.promise(() =>
      subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]),
    ),
    (key) => ({
      sign: (data) =>
        Effect.map(
          Effect.promise(() => subtle.sign("HMAC", key, data)),
          (tag) => new Uint8Array(tag),
        ),
      verify: (tag, data) => Effect.promise(() => subtle.verify("HMAC", key, tag, data)),
    }),
  )

const nodeKey = (
  { createHmac, createSecretKey, timingSafeEqual }: NodeCrypto,
  bytes: Uint8Array<ArrayBuffer>,
): Key => {
  const key = createSecretKey(bytes)
  const tagOf = (data: Uint8Array): Uint8Array<ArrayBuffer> =>
    createHmac("sha256", key).update(data).digest()
  return {
    sign: (data) => Effect.sync(() => new Uint8Array(tagOf(data))),
    verify: (tag, data) =>
      Effect.sync(() => {
        const expected = tagOf(data)
        return tag.length === expected.length && timingSafeEqual(tag, expected)
      }),
  }
}

/** What is used of `node:crypto`: https://nodejs.org/api/crypto.html. Bun, Deno and some workers have it as well. */
interface NodeCrypto {
  readonly createSecretKey: (bytes: Uint8Array) => object
  readonly createHmac: (
    algorithm: "sha256",
    key: object,
  ) => { update: (data: Uint8Array) => { digest: () => Uint8Array<ArrayBuffer> } }
  readonly timingSafeEqual: (one: Uint8Array, other: Uint8Array) => boolean
}

/** It is asked for and not imported: an import would keep this module from loading, or from being bundled, elsewhere. */
const nodeCrypto = (): NodeCrypto | undefined => {
  const runtime: unknown = Reflect.get(globalThis, "process")
  if (!Predicate.hasProperty(runtime, "getBuiltinModule")) return undefined
  const { getBuiltinModule } = runtime
  if (!Predicate.isFunction(getBuiltinModule)) return undefined
  const crypto: unknown = getBuiltinModule("node:crypto")
  return isNodeCrypto(crypto) ? crypto : undefined
}

const isNodeCrypto = (crypto: unknown): crypto is NodeCrypto =>
  ["createSecretKey", "createHmac", "timingSafeEqual"].every(
    (name) => Predicate.hasProperty(crypto, name) && Predicate.isFunction(crypto[name]),
  )

export const randomBytes = (size: number): Effect.Effect<Uint8Array<ArrayBuffer>> =>
  Effect.map(WebCrypto, (crypto) => crypto.getRandomValues(new Uint8Array(size)))
