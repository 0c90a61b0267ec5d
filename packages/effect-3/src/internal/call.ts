/** Webhook calls: their types, which are public as members of `SentWebhook`. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/** Headers as a record or as pairs, such as a `Headers`. */
export type HeadersInput =
  | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  | Iterable<readonly [name: string, value: string]>

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
  /** The URL, or its path and query. */
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

/** Receives calls. It never fails. */
export type Receive = (call: Call) => Effect.Effect<Answer>
