/** Ends a connection as a fault demands, instead of sending the whole answer. */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { Answer } from "./answer.ts"
import type { Ending } from "../play/play.ts"
import { toRawResponse } from "./response.ts"

/** Never returns: closing the connection interrupts the request's fiber. */
export const breakOff = (
  request: HttpServerRequest,
  answer: Answer,
  ending: Exclude<Ending, "whole">,
): Effect.Effect<never> =>
  Effect.suspend(() => {
    const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
    if (ending === "reset") socket.resetAndDestroy()
    else {
      const bytes = ending === "malformed" ? "This is not HTTP\r\n\r\n" : firstPart(answer)
      socket.end(bytes, () => socket.destroy())
    }
    return Effect.never
  })

/** The answer up to the middle of its body, or to the middle of its head when it has no body. */
const firstPart = (answer: Answer): string => {
  const whole = toRawResponse(answer)
  const head = whole.indexOf("\r\n\r\n") + 4
  const cut = answer.body === undefined ? head / 2 : (head + whole.length) / 2
  return whole.slice(0, Math.floor(cut))
}
