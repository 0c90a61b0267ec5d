/** Receives calls of `node:http`, and of what is built on it, such as Express. Nothing is imported from Node. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { bytesOf, type Call } from "./call.ts"
import type { HeadersInput } from "./headers.ts"
import type { Receive } from "./receiver.ts"
import { ambient } from "./webHandler.ts"

/** The part of `IncomingMessage` that is used. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: HeadersInput
  readonly on: (event: string, listener: (value: unknown) => void) => unknown
  readonly off: (event: string, listener: (value: unknown) => void) => unknown
}

/** The part of `ServerResponse` that is used. */
export interface NodeResponse {
  statusCode: number
  readonly setHeader: (name: string, value: string) => unknown
  readonly end: (body: string) => unknown
}

/** Handles a request of `node:http`. The promise is never rejected. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => Promise<void>

/** Makes a handler that runs with the services, the logger, the tracer and the clock of the context. */
export const makeNodeHandler = (receive: Receive): Effect.Effect<NodeHandler> =>
  Effect.map(ambient(), (context) => async (request, response) => {
    const { body, headers, status } = await Effect.runPromiseWith(context)(
      receive({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: nodeBody(request),
      }),
    )
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  })

/** The body of a request; undefined if it was read before, and its bytes were not kept. */
const nodeBody = (request: NodeRequest): Call["body"] => {
  // `express.raw` and others leave the bytes here, and cloud functions there. Parsed JSON is of no use.
  const kept = [memberOf(request, "rawBody"), memberOf(request, "body")].map(bytesOf)
  const bytes = kept.find(Predicate.isNotUndefined)
  if (bytes !== undefined) return bytes
  return memberOf(request, "readableDidRead") === true ? undefined : chunksOf(request)
}

const memberOf = (value: object, name: string): unknown => Reflect.get(value, name)

/** Iterating over the request would destroy its connection if the body is too long, and nobody could respond. */
const chunksOf = (request: NodeRequest): Stream.Stream<Uint8Array, Error> =>
  Stream.callback((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const listeners = {
          data: (chunk: unknown): void => {
            const bytes = bytesOf(chunk)
            if (bytes !== undefined) Queue.offerUnsafe(queue, bytes)
          },
          end: (): void => void Queue.endUnsafe(queue),
          // Without `end` before it, the connection is lost.
          close: (): void => void Queue.failCauseUnsafe(queue, Cause.fail(new Error("closed"))),
          error: (): void => void Queue.failCauseUnsafe(queue, Cause.fail(new Error("broken"))),
        }
        const entries = Object.entries(listeners)
        for (const [event, listener] of entries) request.on(event, listener)
        return entries
      }),
      (entries) =>
        Effect.sync(() => {
          for (const [event, listener] of entries) request.off(event, listener)
        }),
    ),
  )
