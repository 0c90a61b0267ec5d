/** Receives calls on Effect's server. */
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Receive } from "./receiver.ts"
import { webBody } from "./webHandler.ts"

/** Makes a handler for Effect's router. */
export const makeRouteHandler =
  (receive: Receive) =>
  (
    request: HttpServerRequest.HttpServerRequest,
  ): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
    Effect.map(
      receive({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.source instanceof Request ? webBody(request.source) : request.stream,
      }),
      ({ body, headers, status }) =>
        body === ""
          ? HttpServerResponse.empty({ status, headers })
          : HttpServerResponse.text(body, { status, headers }),
    )
