/** Reads a request's body: bounded, and as the JSON that it says it is. */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { isTypeValid, parse } from "content-type"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"
import type { Operation } from "@effect-sent/contract/Contract"
import { type Answer, fromExample } from "./answer.ts"

/** What a body may have; the same as Prism's own server takes. */
export const maxBodyBytes = 10 * 1024 * 1024

export interface RequestBody {
  /** As the contract writes it; undefined when there is no body. */
  readonly mediaType: string | undefined
  /** Undefined when there is no body. */
  readonly value: unknown
  /** The body as it came. */
  readonly text: string
}

const none: RequestBody = { mediaType: undefined, value: undefined, text: "" }

/** The body, or the 413, 415 or 400 that says why it is not read. */
export const readRequestBody = Effect.fnUntraced(function* (
  operation: Operation,
  request: HttpServerRequest,
): Effect.fn.Return<RequestBody, Answer> {
  const bytes = yield* readBytes(operation, request)
  if (bytes.length === 0) return none
  const mediaType = mediaTypeOf(operation, request.headers)
  if (typeof mediaType !== "string") return yield* Effect.fail(mediaType.answer)
  return { mediaType, ...(yield* parseJson(operation, bytes)) }
})

// -----------------------------------------------------------------------------
// Bytes
// -----------------------------------------------------------------------------

const readBytes = Effect.fnUntraced(function* (
  operation: Operation,
  request: HttpServerRequest,
): Effect.fn.Return<Uint8Array, Answer> {
  // Who waits for a `100 Continue` has sent nothing yet and need not.
  const waits = request.headers["expect"] !== undefined
  if (waits && Number(request.headers["content-length"] ?? 0) > maxBodyBytes) {
    return yield* tooLarge(operation)
  }
  const chunks: Array<Uint8Array> = []
  let size = 0
  // A body that is too large is read to its end all the same and dropped: a caller that is still writing when the
  // connection closes never sees the answer. How long that may take is the server's request time-out.
  const take = (chunk: Uint8Array): void => {
    size += chunk.length
    if (size > maxBodyBytes) chunks.length = 0
    else chunks.push(chunk)
  }
  // Effect's stream says `100 Continue` by itself. For all others a listener does the same in a seventh less time for the
  // whole request (`pnpm bench mock`).
  const reading: Effect.Effect<void, unknown> = waits
    ? Stream.runForEach(request.stream, (chunk) => Effect.sync(() => take(chunk)))
    : listen(NodeHttpServerRequest.toIncomingMessage(request), take)
  yield* Effect.mapError(reading, () =>
    // The connection broke, or what came was not HTTP; there is nobody left to hear this.
    invalidJson(operation, "The request body broke off"),
  )
  return size > maxBodyBytes ? yield* tooLarge(operation) : Buffer.concat(chunks)
})

/** Every chunk of a body; fails when there is no end to it. */
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

interface Refused {
  readonly answer: Answer
}

/** The media type of the contract that the body has, or the 415. */
const mediaTypeOf = (
  operation: Operation,
  headers: Readonly<Record<string, string | undefined>>,
): string | Refused => {
  const declared = operation.requestBody?.mediaTypes ?? ["application/json"]
  const refuse = (detail: string): Refused => ({
    answer: fromExample(operation, 415, ["unsupported-media-type"], detail, detail),
  })
  // RFC 9110, section 15.5.16: for an encoding that is not understood, too.
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return refuse("The request body must not be compressed")
  }
  const expected = `The request body must be ${declared.join(" or ")}`
  const header = headers["content-type"]
  if (header === undefined) return refuse(`${expected}; the content-type header is missing`)
  const { type, parameters } = parse(header)
  if (!isTypeValid(type)) return refuse(`${expected}; the content-type header is malformed`)
  const mediaType = declared.find((one) => one === type.toLowerCase())
  if (mediaType === undefined) return refuse(expected)
  // RFC 8259, section 8.1.
  return /^(?:utf-?8|us-ascii)$/i.test(parameters["charset"] ?? "utf-8")
    ? mediaType
    : refuse(`${expected} in UTF-8`)
}

// -----------------------------------------------------------------------------
// JSON
// -----------------------------------------------------------------------------

const parseJson = (
  operation: Operation,
  bytes: Uint8Array,
): Effect.Effect<Pick<RequestBody, "value" | "text">, Answer> =>
  Effect.try({
    try: () => {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
      return { text, value: JSON.parse(text) as unknown }
    },
    catch: (cause) => {
      const where = cause instanceof SyntaxError ? whereIn(cause.message) : "it is not UTF-8"
      const what = "The request body is not valid JSON"
      return invalidJson(operation, where === undefined ? what : `${what}: ${where}`)
    },
  })

const invalidJson = (operation: Operation, detail: string): Answer =>
  fromExample(operation, 400, ["invalid-json"], detail, detail)

/** The place alone: V8's messages quote the text around it, and that may hold a phone number. */
const whereIn = (message: string): string | undefined => {
  if (message.includes("Unexpected end of JSON input")) return "it ends too early"
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? []
  return line === undefined || column === undefined ? undefined : `line ${line}, column ${column}`
}
