/** A call of the provider, as any server hands it over, and the response to it. */
import * as Bytes from "effect/Bytes"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { MissingBody } from "../../WebhookError.ts"
import { type HeadersInput, pairsOf } from "./headers.ts"

/** The raw bytes of a body. A string stands for its bytes in UTF-8. */
export type Body = Uint8Array | ArrayBuffer | string

/** A webhook call: its headers and the raw bytes of its body. */
export interface SignedRequest {
  readonly headers: HeadersInput
  readonly body: Body
}

/** A call of the provider, as a server hands it over. */
export interface Call {
  /** Default: `POST`. */
  readonly method?: string | undefined
  /** The URL, or its path and query. Only `DeliveryTracker` requires it: its token is in the query. */
  readonly url?: string | undefined
  readonly headers: HeadersInput
  /** The raw bytes, or a stream of them, which is read up to `maxBodyBytes`. Undefined if they can no longer be read. */
  readonly body: Body | Stream.Stream<Uint8Array, unknown> | undefined
}

/** What to respond to a call. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What was wrong, for the log of the caller. Empty if nothing was. */
  readonly body: string
}

/** A response with a line of text. */
export const answerOf = (
  status: number,
  body = "",
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers: body === "" ? headers : { "content-type": "text/plain; charset=utf-8", ...headers },
  body,
})

const encoder = new TextEncoder()

/** The bytes of a body. Undefined if it is anything else, such as parsed JSON. */
export const bytesOf = (body: unknown): Uint8Array | undefined => {
  if (Predicate.isString(body)) return encoder.encode(body)
  if (body instanceof Uint8Array) return body
  // Test runners and workers have classes of their own.
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  return isArrayBuffer(body) ? new Uint8Array(body) : undefined
}

const isArrayBuffer = (value: unknown): value is ArrayBuffer =>
  Object.prototype.toString.call(value) === "[object ArrayBuffer]"

/** Why a body was not read. */
export type Unread = "too long" | "broken off" | MissingBody

/** Reads the body of a call. */
export const readBody = (
  { body, headers }: Call,
  maxBytes: number,
): Effect.Effect<Uint8Array, Unread> => {
  if (Stream.isStream(body)) {
    return lengthOf(headers) > maxBytes ? Effect.fail("too long") : collect(body, maxBytes)
  }
  const bytes = bytesOf(body)
  if (bytes === undefined) return Effect.fail(new MissingBody())
  return bytes.length > maxBytes ? Effect.fail("too long") : Effect.succeed(bytes)
}

const lengthOf = (headers: HeadersInput): number => {
  const length = pairsOf(headers).find(([name]) => name.toLowerCase() === "content-length")?.[1]
  return Number(length ?? 0)
}

const collect = (
  stream: Stream.Stream<Uint8Array, unknown>,
  maxBytes: number,
): Effect.Effect<Uint8Array, Unread> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return Stream.runForEachWhile(stream, (chunk) =>
      Effect.sync(() => {
        size += chunk.length
        if (size <= maxBytes) chunks.push(chunk)
        return size <= maxBytes
      }),
    ).pipe(
      Effect.mapError((): Unread => "broken off"),
      Effect.flatMap(() =>
        size > maxBytes ? Effect.fail<Unread>("too long") : Effect.succeed(Bytes.concat(chunks)),
      ),
    )
  })
