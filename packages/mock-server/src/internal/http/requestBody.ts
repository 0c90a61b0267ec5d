/** Reads the body of a request: checks its size and media type, and parses it. */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Body from "@effect-sent/contract/Body"
import { isTypeValid, parse } from "content-type"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"
import type { Content, Operation } from "@effect-sent/contract/Contract"
import { type Answer, fromExample } from "./answer.ts"

/** The maximum size of a body, equal to that of Prism's own server. */
const maxBodyBytes = 10 * 1024 * 1024

export interface RequestBody {
  /** The content that the contract declares for its media type. Undefined when there is no body. */
  readonly content: Content | undefined
  /** The parsed body. Undefined when there is no body. */
  readonly value: unknown
  /** The body as text. */
  readonly text: string
}

/** The empty body. */
export const noBody: RequestBody = { content: undefined, value: undefined, text: "" }

/** The maximum length of the text that is kept of an invalid body. */
const invalidCharacters = 64 * 1024

/** Reads the body. Fails with the 413, 415 or 400 to answer with, after it has passed what arrived to `seen`. */
export const readRequestBody = Effect.fnUntraced(function* (
  operation: Operation,
  request: HttpServerRequest,
  seen: (body: RequestBody) => void,
): Effect.fn.Return<RequestBody, Answer> {
  const bytes = yield* readBytes(operation, request)
  if (bytes.length === 0) return noBody
  const text = Buffer.from(bytes.subarray(0, invalidCharacters)).toString("utf8")
  seen({ content: undefined, value: undefined, text })
  const { content, header } = yield* contentOf(operation, request.headers)
  const read = yield* Effect.mapError(Body.read(content, header, bytes), (problem) =>
    malformed(operation, `The request body is ${problem}`),
  )
  if (read._tag === "Unreadable") {
    return yield* unsupported(
      operation,
      `The mock cannot read ${Body.mediaTypeOf(header)} with this schema; send ${readable(operation)}`,
    )
  }
  return { content, value: read.value, text: Buffer.from(bytes).toString("utf8") }
})

// -----------------------------------------------------------------------------
// Bytes
// -----------------------------------------------------------------------------

const readBytes = Effect.fnUntraced(function* (
  operation: Operation,
  request: HttpServerRequest,
): Effect.fn.Return<Uint8Array, Answer> {
  // A caller that waits for `100 Continue` has not sent the body yet, so it can be refused at once.
  const waits = request.headers["expect"] !== undefined
  if (waits && Number(request.headers["content-length"] ?? 0) > maxBodyBytes) {
    return yield* tooLarge(operation)
  }
  const chunks: Array<Uint8Array> = []
  let size = 0
  // A body that is too large is read to its end and discarded: a caller that is still writing when the connection closes
  // would never see the answer. The server's request time-out limits how long that takes.
  const take = (chunk: Uint8Array): void => {
    size += chunk.length
    if (size > maxBodyBytes) chunks.length = 0
    else chunks.push(chunk)
  }
  // Effect's stream sends `100 Continue`. All other bodies are read by a listener, which takes a seventh off the time of a
  // request (`pnpm bench mock`).
  const reading: Effect.Effect<void, unknown> = waits
    ? Stream.runForEach(request.stream, (chunk) => Effect.sync(() => take(chunk)))
    : listen(NodeHttpServerRequest.toIncomingMessage(request), take)
  yield* Effect.mapError(reading, () =>
    // The connection was lost or the bytes were not valid HTTP, so the caller will usually not receive this answer.
    malformed(operation, "The request body is incomplete"),
  )
  return size > maxBodyBytes ? yield* tooLarge(operation) : Buffer.concat(chunks)
})

/** Passes every chunk of a body to `take`. Fails when the stream closes before its end. */
const listen = (
  source: Readable,
  take: (chunk: Uint8Array) => void,
): Effect.Effect<void, "broken"> =>
  Effect.callback((resume) => {
    const end = (): void => finish(Effect.void)
    const broken = (): void => finish(Effect.fail("broken"))
    const stop = (): void => {
      source.off("data", take).off("end", end).off("error", broken).off("close", broken)
    }
    const finish = (outcome: Effect.Effect<void, "broken">): void => {
      stop()
      resume(outcome)
    }
    if (source.destroyed) resume(Effect.fail("broken"))
    else source.on("data", take).on("end", end).on("error", broken).on("close", broken)
    return Effect.sync(stop)
  })

const tooLarge = (operation: Operation): Effect.Effect<never, Answer> => {
  const detail = `The request body is larger than ${maxBodyBytes} bytes`
  return Effect.fail(fromExample(operation, 413, ["content-too-large"], detail, detail))
}

// -----------------------------------------------------------------------------
// Media type
// -----------------------------------------------------------------------------

const unsupported = (operation: Operation, detail: string): Effect.Effect<never, Answer> =>
  Effect.fail(fromExample(operation, 415, ["unsupported-media-type"], detail, detail))

/** The declared content for the media type of a body. Fails with the 415 to answer with. */
const contentOf = (
  operation: Operation,
  headers: Readonly<Record<string, string | undefined>>,
): Effect.Effect<{ readonly content: Content; readonly header: string }, Answer> => {
  const refuse = (detail: string): Effect.Effect<never, Answer> => unsupported(operation, detail)
  const { contents = [] } = operation.requestBody ?? {}
  if (contents.length === 0) return refuse("The contract declares no request body here")
  // RFC 9110, section 15.5.16: 415 is also the answer to an unsupported encoding.
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return refuse("The request body must not be compressed")
  }
  const expected = `The request body must be ${contents.map(({ mediaType }) => mediaType).join(" or ")}`
  const header = headers["content-type"]
  if (header === undefined) return refuse(`${expected}; the content-type header is missing`)
  const { type, parameters } = parse(header)
  if (!isTypeValid(type)) return refuse(`${expected}; the content-type header is malformed`)
  const content = Body.find(contents, type)
  if (content === undefined) return refuse(expected)
  // RFC 8259, section 8.1.
  return /^(?:utf-?8|us-ascii)$/i.test(parameters["charset"] ?? "utf-8")
    ? Effect.succeed({ content, header })
    : refuse(`${expected} in UTF-8`)
}

/** The declared media types that the mock can read, in words. */
const readable = ({ requestBody }: Operation): string => {
  const types = (requestBody?.mediaTypes ?? []).filter(
    (type) => Body.isJson(type) || Body.isForm(type),
  )
  return types.length === 0 ? "a media type whose schema is a string" : types.join(" or ")
}

const malformed = (operation: Operation, detail: string): Answer =>
  fromExample(operation, 400, ["invalid-json"], detail, detail)
