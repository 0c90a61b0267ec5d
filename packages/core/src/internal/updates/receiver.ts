/** Receives a call of the provider and responds to it. */
import * as Bytes from "effect/Bytes"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { DeliveryEvent } from "../../DeliveryStatus.ts"
import type { WebhookError } from "../../WebhookError.ts"

export interface Receiving<E, R> {
  /** Default: 256 KiB. */
  readonly maxBodyBytes: number | undefined
  /** Verifies the call and decodes its body. */
  readonly read: (body: Uint8Array) => Effect.Effect<DeliveryEvent, WebhookError>
  readonly handle: (event: DeliveryEvent) => Effect.Effect<void, E, R>
}

/** Responds to a call, with 2xx only after the event was handled. */
export const receive: <E, R>(
  request: HttpServerRequest,
  receiving: Receiving<E, R>,
) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> = Effect.fnUntraced(
  function* <E, R>(
    request: HttpServerRequest,
    { handle, maxBodyBytes = defaultMaxBodyBytes, read }: Receiving<E, R>,
  ) {
    if (request.method !== "POST") {
      return HttpServerResponse.empty({ status: 405, headers: { allow: "POST" } })
    }
    if (!isJson(request.headers["content-type"])) {
      return reject(415, "the content type must be JSON")
    }
    const body = yield* readBody(request, maxBodyBytes)
    if (body === undefined) return reject(413, `the body is longer than ${maxBodyBytes} bytes`)
    const event = yield* Effect.result(read(body))
    if (Result.isFailure(event)) {
      const { message, reason } = event.failure
      yield* Effect.logWarning(`a delivery update was rejected: ${message}`)
      return reject(reason._tag === "MalformedPayload" ? 400 : 401, message)
    }
    yield* handle(event.success)
    return HttpServerResponse.empty({ status: 204 })
  },
  // Whatever the failure of the handler, the provider calls again.
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.interrupt
      : Effect.as(
          Effect.logError(
            "a delivery update was not handled; the provider will send it again",
            cause,
          ),
          HttpServerResponse.empty({ status: 500 }),
        ),
  ),
)

const defaultMaxBodyBytes = 256 * 1024

const reject = (status: number, problem: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(problem, { status })

const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? "")

/** The body, or undefined if it is too long. */
const readBody = (
  request: HttpServerRequest,
  maxBytes: number,
): Effect.Effect<Uint8Array | undefined, unknown> => {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Effect.succeed(undefined)
  const chunks: Array<Uint8Array> = []
  let size = 0
  return Stream.runForEachWhile(request.stream, (chunk) =>
    Effect.sync(() => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      return size <= maxBytes
    }),
  ).pipe(Effect.map(() => (size > maxBytes ? undefined : Bytes.concat(chunks))))
}
