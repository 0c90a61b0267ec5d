/** Decodes a body for validation. */
import * as Effect from "effect/Effect"
import { promisify } from "node:util"
import * as zlib from "node:zlib"

/** A longer body is forwarded without validation. */
export const maxBodyBytes: number = 10 * 1024 * 1024

/** Why a body was not validated: a predicate for a message. */
export interface Unread {
  readonly because: string
}

type Decode = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>

/** RFC 9110, section 8.4.1, and later registrations. */
const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["gzip", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)],
  ["x-gzip", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)],
  ["deflate", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate)],
  ["br", promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress)],
  ["zstd", promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)],
])

/** Reverses `Content-Encoding`, which lists the encodings in the order in which they were applied. */
export const decode = Effect.fnUntraced(function* (
  body: Uint8Array,
  encoding: string | undefined,
): Effect.fn.Return<Uint8Array | Unread> {
  const encodings = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "identity")
  let decoded = body
  // A response to HEAD has the header without a body.
  if (body.length === 0) return body
  for (const one of encodings.toReversed()) {
    const decoder = decoders.get(one)
    if (decoder === undefined) return { because: "has an unknown content-encoding" }
    const next = yield* Effect.option(
      Effect.tryPromise(() => decoder(decoded, { maxOutputLength: maxBodyBytes })),
    )
    if (next._tag === "None") return { because: "does not match its content-encoding" }
    decoded = next.value
  }
  return decoded
})
