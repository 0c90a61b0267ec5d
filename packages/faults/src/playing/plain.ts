/** Faults of connections and answers over plain TCP. */
import type { PlainFault } from "../Fault.ts"
import {
  answer,
  either,
  fault,
  half,
  html,
  problem,
  refuse,
  write,
  writeAndClose,
  type Play,
} from "./answer.ts"

const reset: Play = ({ socket }) => {
  socket.resetAndDestroy()
}

/** The regular answer: the message is accepted. */
export const accepts: PlainFault = fault("204", "accepted", write(answer(204)))

/** {@link accepts}, and the faults over plain TCP. */
export const plainFaults: ReadonlyArray<PlainFault> = [
  accepts,

  // Failed connections.
  // A client that repeats a request on its own may connect to another address, where the connection is reset.
  fault("refuses the connection", "not-sent", reset, { at: "connect" }),
  fault("resets before it reads", "unknown", reset, { at: "connection" }),
  fault("resets after the head", "unknown", reset, { at: "head" }),
  ...either("resets after the request", reset),
  ...either("closes without an answer", writeAndClose("")),
  ...either("never answers", ({ fallSilent }) => fallSilent()),

  // Truncated and malformed answers.
  ...either("half a status line, then closes", writeAndClose("HTTP/1.1 204 No Con")),
  ...either("half a status line, then resets", ({ socket }) => {
    socket.write("HTTP/1.1 204 No Con", "latin1", () => socket.resetAndDestroy())
  }),
  ...either("half a head, then silence", ({ fallSilent, socket }) => {
    socket.write("HTTP/1.1 204 No Content\r\nserver: pl", "latin1", fallSilent)
  }),
  ...either("garbage", writeAndClose("\u0000\u0001\u00ffnot HTTP at all\r\n\r\n")),
  ...either("a status that is not a number", writeAndClose("HTTP/1.1 OK 204\r\n\r\n")),
  ...either("a head of 1 MiB", writeAndClose(answer(204, { "x-padding": "x".repeat(1 << 20) }))),
  ...either("only 100 Continue, then closes", writeAndClose("HTTP/1.1 100 Continue\r\n\r\n")),
  fault("half the body of a 200, then closes", "accepted", writeAndClose(half(200))),
  fault("half the body of a 204, then closes", "accepted", writeAndClose(half(204))),
  fault("half the body of a 400, then closes", "not-sent", writeAndClose(half(400))),
  ...either("half the body of a 500, then closes", writeAndClose(half(500))),
  fault(
    "200 with a body that is not gzip as declared",
    "accepted",
    write(answer(200, { "content-encoding": "gzip" }, "not gzip")),
  ),
  fault(
    "400 with a body that is not gzip as declared",
    "not-sent",
    write(answer(400, { "content-encoding": "gzip" }, "not gzip")),
  ),
  fault(
    "200 with a malformed chunk",
    "accepted",
    writeAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n"),
  ),

  // Unusual but valid answers.
  fault("204 before the body is read", "accepted", write(answer(204)), { at: "head" }),
  fault("204 after 100 Continue", "accepted", write(`HTTP/1.1 100 Continue\r\n\r\n${answer(204)}`)),
  fault(
    "204 after 103 Early Hints",
    "accepted",
    write(`HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n${answer(204)}`),
  ),
  fault("204, one byte at a time", "accepted", ({ socket }) => {
    const drip = ([byte, ...rest]: ReadonlyArray<string>): void => {
      if (byte === undefined || socket.destroyed) return
      socket.write(byte, "latin1", () => setImmediate(drip, rest))
    }
    drip(answer(204).split(""))
  }),
  fault("204, then closes", "accepted", writeAndClose(answer(204))),
  fault("204, then garbage", "accepted", writeAndClose(`${answer(204)}garbage`)),
  fault("202", "accepted", write(answer(202, {}, "{}"))),

  // Persistent connections that are closed early.
  fault("204, then drops the next request unread", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.destroy())
  }),
  fault("204, then resets at the next request", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.resetAndDestroy())
  }),
  fault("204, then 408 to the next request, unread", "accepted", ({ ambush, socket }) => {
    socket.write(answer(204))
    ambush(() => socket.end(answer(408, { connection: "close" })))
  }),

  // Refusals.
  refuse(400),
  refuse(401, { "www-authenticate": "Basic" }),
  refuse(403),
  refuse(404),
  refuse(407, { "proxy-authenticate": "Basic" }),
  refuse(413),
  refuse(421),
  refuse(425),
  refuse(429),
  refuse(429, { "retry-after": "0" }),
  // In the past on every clock, so that no clock has to be advanced.
  refuse(429, { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }),
  refuse(429, { "retry-after": "86400" }),
  refuse(503, { "retry-after": "0" }),

  // Answers that do not say whether the message was accepted.
  ...either("408", write(problem(408))),
  ...either("500", write(problem(500))),
  ...either("502 in HTML", write(answer(502, { "content-type": "text/html" }, html))),
  ...either("503", write(problem(503))),
  ...either("504", write(problem(504))),
  ...either("599", write(problem(599))),
  ...either("999", write(problem(999))),
  ...either("304", write("HTTP/1.1 304 Not Modified\r\n\r\n")),
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    either(`${status} to another origin`, ({ elsewhere, socket }) => {
      socket.write(answer(status, { location: `${elsewhere}/v1/messages/phone` }))
    }),
  ),
]
