/** Receives calls as `Request`. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { Call } from "./call.ts"
import type { Receive } from "./receiver.ts"

/** Handles a `Request`. The promise is never rejected. */
export type WebHandler = (request: Request) => Promise<Response>

/** Makes a handler that runs with the services, the logger, the tracer and the clock of the context. */
export const makeWebHandler = (receive: Receive): Effect.Effect<WebHandler> =>
  Effect.map(ambient(), (context) => async (request) => {
    const { body, headers, status } = await Effect.runPromiseWith(context)(
      receive(webCall(request)),
    )
    return new Response(body === "" ? null : body, { status, headers })
  })

/** The context, apart from what ends before the calls come. */
export const ambient = <R>(): Effect.Effect<
  Context.Context<Exclude<R, Scope.Scope>>,
  never,
  Exclude<R, Scope.Scope>
> => Effect.map(Effect.context<Exclude<R, Scope.Scope>>(), withoutEnding)

const withoutEnding = <R>(context: Context.Context<R>): Context.Context<R> =>
  // Neither is in the type, and both may be there.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  Context.omit(Scope.Scope, Tracer.ParentSpan)(context) as Context.Context<R>

/** A call by its request. */
const webCall = (request: Request): Call => ({
  method: request.method,
  url: request.url,
  headers: request.headers,
  body: webBody(request),
})

/** The body of a request; undefined if it was read before. */
export const webBody = (request: Request): Call["body"] => {
  const { body } = request
  if (request.bodyUsed || body?.locked === true) return undefined
  return body === null
    ? new Uint8Array()
    : Stream.fromReadableStream({ evaluate: () => body, onError: (cause) => cause })
}
