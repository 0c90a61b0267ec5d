/** Receives calls as `Request`, for servers other than Effect's. */
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Receives a call and responds to it. */
export type Receive = (
  request: HttpServerRequest.HttpServerRequest,
) => Effect.Effect<HttpServerResponse.HttpServerResponse>

/** Converts a `Request` and its response. */
export const receiveWeb = async (receive: Receive, request: Request): Promise<Response> =>
  HttpServerResponse.toWeb(await Effect.runPromise(receive(HttpServerRequest.fromWeb(request))))
