/** Takes off what a body was compressed with, to look at it. */
import * as Effect from "effect/Effect"
import { promisify } from "node:util"
import * as zlib from "node:zlib"

/** Longer bodies are passed on, and not looked at. */
export const maxBodyBytes: number = 10 * 1024 * 1024

/** Why there is no body to look at, in words. */
export interface Unread {
  readonly because: string
}

type Decode = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>

/** RFC 9110, section 8.4.1, and what was registered since. */
const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["gzip", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)],
  ["x-gzip", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip)],
  ["deflate", promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate)],
  ["br", promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress)],
  ["zstd", promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)],
])

/** The body as it was before `Content-Encoding`, which lists what was done to it, the last at the end. */
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
  // An answer to HEAD has the header without a body.
  if (body.length === 0) return body
  for (const one of encodings.toReversed()) {
    const decoder = decoders.get(one)
    if (decoder === undefined) return { because: "is in an encoding that is not known here" }
    const next = yield* Effect.option(
      Effect.tryPromise(() => decoder(decoded, { maxOutputLength: maxBodyBytes })),
    )
    if (next._tag === "None") return { because: "cannot be decoded as content-encoding says" }
    decoded = next.value
  }
  return decoded
})
