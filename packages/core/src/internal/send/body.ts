/**
 * Reads the body of a response, no further than needed.
 */
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Headers from "effect/http/Headers"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"

/** A response whose head has arrived. */
export interface Incoming {
  readonly response: HttpClientResponse.HttpClientResponse
  /** The headers of the response, which some clients make anew for each look. */
  readonly headers: Headers.Headers
  /** Whether the whole response was seen to arrive. */
  readonly hasEnded: boolean
}

/** What of a response with an accepting status is read. */
export interface Reading {
  /**
   * Whether its body decides: `never`, so that nothing of it is kept; `if-whole`, so that it is kept if it can be read, and
   * the status decides alone; `always`, so that a response without it is none.
   */
  readonly content: "never" | "if-whole" | "always"
  readonly maxBytes: number
  /** How long the body may take once the head has arrived. */
  readonly maxMillis: number
}

/** What was read of a body. */
export interface Body {
  readonly text: string
  /** Whether it was read to its end. */
  readonly isWhole: boolean
}

/** A body that is read. */
interface BodyReader {
  /** Whether it is in memory, where nothing is waited for. */
  readonly isInMemory: boolean
  /** Reads it. It never fails, since the status decides what the response means. */
  readonly read: Effect.Effect<void>
  /** What was read until now. */
  readonly soFar: () => Body
}

/** Reads the text of a body: its first bytes, or what had arrived when it broke off. */
export const bodyReader = (
  { hasEnded, headers, response }: Incoming,
  { maxBytes }: Pick<Reading, "maxBytes">,
): BodyReader => {
  const isInMemory = hasEnded && isSmall(headers, maxBytes)
  const chunks: Array<Uint8Array> = []
  let size = 0
  let isWhole = false
  let kept: string | undefined
  const take = (chunk: Uint8Array): void => {
    chunks.push(chunk.subarray(0, maxBytes - size))
    size += chunk.length
  }
  const streamed = Effect.suspend(() =>
    response.stream.pipe(
      Stream.takeUntil((chunk) => {
        take(chunk)
        return size >= maxBytes
      }),
      Stream.runDrain,
    ),
  )
  const inMemory = Effect.map(
    Effect.suspend(() => response.arrayBuffer),
    (bytes) => take(new Uint8Array(bytes)),
  )
  // A body that the application has read is a locked stream over fetch, which is a defect. Over the other clients it is an
  // empty one. Its text is left where the client keeps it.
  const orKept = (): Effect.Effect<void> =>
    size > 0
      ? Effect.void
      : Effect.matchCause(
          Effect.suspend(() => response.text),
          {
            onSuccess: (text) => {
              kept = text.slice(0, maxBytes)
              isWhole = text.length < maxBytes
            },
            onFailure: constVoid,
          },
        )
  const read = Effect.matchCauseEffect(isInMemory ? inMemory : streamed, {
    onSuccess: () => {
      isWhole = size < maxBytes
      return orKept()
    },
    onFailure: orKept,
  })
  return {
    isInMemory,
    read,
    soFar: () => ({ text: kept ?? decode(chunks, headers["content-type"]), isWhole }),
  }
}

/** Whether a body is as long as its header says, and that is not much: one that is encoded may be longer. */
const isSmall = (headers: Headers.Headers, maxBytes: number): boolean =>
  headers["content-encoding"] === undefined &&
  headers["transfer-encoding"] === undefined &&
  Number(headers["content-length"] ?? Infinity) < maxBytes

/**
 * Ends an empty body, without which node:http does not use its connection again. It waits for no clock: the body has ended
 * by the second turn of the event loop, or its connection is dropped.
 */
export const discardBody = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.suspend(() => Stream.runDrain(response.stream)).pipe(
    Effect.ignoreCause,
    Effect.raceFirst(Effect.andThen(Effect.yieldNow, Effect.yieldNow)),
  )

const decode = (chunks: ReadonlyArray<Uint8Array>, contentType: string | undefined): string => {
  const [only, another] = chunks
  if (only !== undefined && another === undefined) return decoderFor(only, contentType).decode(only)
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return decoderFor(bytes, contentType).decode(bytes)
}

// A byte order mark takes precedence over the header (WHATWG Encoding, section 6). The default is UTF-8 (RFC 8259,
// section 8.1).
const decoderFor = (bytes: Uint8Array, contentType: string | undefined): TextDecoder => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le")
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be")
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? "")?.[1]
  if (charset === undefined) return utf8
  try {
    return new TextDecoder(charset)
  } catch {
    // The runtime does not know the charset. Its ASCII characters are still readable as UTF-8.
    return utf8
  }
}

// A decoder costs more than to decode a short text.
const utf8 = new TextDecoder()
