/**
 * HMAC-SHA-256 and random bytes.
 *
 * Every runtime with `fetch` has Web Crypto, but it hands each call to another thread, which takes about 35 µs instead
 * of 3. So `node:crypto` is used where the runtime has it.
 */
import * as Bytes from "effect/Bytes"
import * as Context from "effect/Context"
import { WebCrypto } from "effect/crypto/WebCrypto"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** An imported key. To import it again for each call would at least double the time. */
export interface Key {
  /** Signs two parts as one. They are not copied into one where that can be avoided: bodies can be large. */
  readonly sign: (head: Uint8Array, rest: Uint8Array) => Effect.Effect<Uint8Array>
}

/** Imports a key of at least one byte. */
export const importKey = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Key> =>
  Effect.flatMap(Effect.context(), (context) => {
    // An application that provides a Web Crypto wants it to be used.
    const node = isProvided(context) ? undefined : nodeCrypto()
    return node === undefined
      ? webKey(Context.get(context, WebCrypto).subtle, bytes)
      : Effect.sync(() => nodeKey(node, bytes))
  })

const isProvided = (context: Context.Context<never>): boolean =>
  context.mapUnsafe.has(WebCrypto.key)

const webKey = (subtle: SubtleCrypto, bytes: Uint8Array<ArrayBuffer>): Effect.Effect<Key> =>
  Effect.map(
    Effect.promise(() =>
      subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    ),
    (key) => ({
      sign: (head, rest) =>
        Effect.map(
          Effect.promise(() => subtle.sign("HMAC", key, Bytes.concat([head, rest]))),
          (tag) => new Uint8Array(tag),
        ),
    }),
  )

const nodeKey = (
  { createHmac, createSecretKey }: NodeCrypto,
  bytes: Uint8Array<ArrayBuffer>,
): Key => {
  const key = createSecretKey(bytes)
  return {
    sign: (head, rest) =>
      Effect.sync(() => createHmac("sha256", key).update(head).update(rest).digest()),
  }
}

/** Compares two tags. The time depends on their lengths only. */
export const isSameTag = (one: Uint8Array, other: Uint8Array): boolean => {
  if (one.length !== other.length) return false
  let difference = 0
  for (let index = 0; index < one.length; index++) {
    difference |= (one[index] ?? 0) ^ (other[index] ?? 0)
  }
  return difference === 0
}

/** The part of `node:crypto` that is used: https://nodejs.org/api/crypto.html. Bun, Deno and some workers have it too. */
interface NodeCrypto {
  readonly createSecretKey: (bytes: Uint8Array) => object
  readonly createHmac: (algorithm: "sha256", key: object) => Hmac
}

interface Hmac {
  readonly update: (data: Uint8Array) => Hmac
  readonly digest: () => Uint8Array
}

/** Looked up instead of imported: an import would prevent this module from being loaded or bundled elsewhere. */
const nodeCrypto = (): NodeCrypto | undefined => {
  const runtime: unknown = Reflect.get(globalThis, "process")
  if (!Predicate.hasProperty(runtime, "getBuiltinModule")) return undefined
  const { getBuiltinModule } = runtime
  if (!Predicate.isFunction(getBuiltinModule)) return undefined
  const crypto: unknown = getBuiltinModule("node:crypto")
  return isNodeCrypto(crypto) ? crypto : undefined
}

const isNodeCrypto = (crypto: unknown): crypto is NodeCrypto =>
  ["createSecretKey", "createHmac"].every(
    (name) => Predicate.hasProperty(crypto, name) && Predicate.isFunction(crypto[name]),
  )

export const randomBytes = (size: number): Effect.Effect<Uint8Array<ArrayBuffer>> =>
  Effect.map(WebCrypto, (crypto) => crypto.getRandomValues(new Uint8Array(size)))
