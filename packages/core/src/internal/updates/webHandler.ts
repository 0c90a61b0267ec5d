/** From Effect's requests and responses to those of the web, for servers other than Effect's. */
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Receives a call and answers it. */
export type Receive = (
  request: HttpServerRequest.HttpServerRequest,
) => Effect.Effect<HttpServerResponse.HttpServerResponse>

/** Receives a call that came as a `Request`. */
export const receiveWeb = async (receive: Receive, request: Request): Promise<Response> =>
  HttpServerResponse.toWeb(await Effect.runPromise(receive(HttpServerRequest.fromWeb(request))))
