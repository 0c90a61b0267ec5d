/** Answers over plain TCP whose body, time or number misleads. */
import type { PlainFault } from "../Fault.ts"
import {
  answer,
  either,
  fault,
  half,
  html,
  problem,
  problemBody,
  write,
  writeAndClose,
  writeAndHang,
  writeAndReset,
} from "./answer.ts"

const json = { "content-type": "application/json" }
const page = { "content-type": "text/html; charset=utf-8" }
const htmlHead = "content-type: text/html\r\n"

export const misleadingAnswers: ReadonlyArray<PlainFault> = [
  // A 2xx is an acceptance unless its body is something else than an acceptance.
  fault("200 of length 0", "accepted", write(answer(200))),
  fault("200 of length 0, typed as HTML", "accepted", write(answer(200, page))),
  fault("202 with JSON", "accepted", write(answer(202, json, '{"id":"1"}'))),
  fault(
    "202, chunked and empty",
    "accepted",
    write("HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
  ),
  fault("205", "accepted", write(answer(205))),
  fault("204 with a body that hangs", "accepted", writeAndHang(half(204))),
  fault("200 with JSON that hangs", "accepted", writeAndHang(half(200))),
  fault("200 with JSON that breaks off by a reset", "accepted", writeAndReset(half(200))),
  fault("200 without a type that hangs", "accepted", writeAndHang(half(200, "", "<"))),
  fault("200 without a type, half, then closes", "accepted", writeAndClose(half(200, "", "<ht"))),
  ...either("200 with a page", write(answer(200, page, html))),
  ...either("200 with a page that hangs", writeAndHang(half(200, htmlHead, "<html>"))),
  ...either("200 with half a page, then closes", writeAndClose(half(200, htmlHead, "<html>"))),
  ...either("200 with plain text", write(answer(200, { "content-type": "text/plain" }, "ok"))),
  ...either("200 without a type, with a page", write(answer(200, {}, html))),
  ...either("200 with a refusal in JSON", write(answer(200, json, problemBody(400)))),
  ...either(
    "200 with a problem document",
    write(answer(200, { "content-type": "application/problem+json" }, problemBody(429))),
  ),

  // Another status decides whatever becomes of its body.
  fault("400 with a body that hangs", "not-sent", writeAndHang(half(400))),
  fault("429 with a body that breaks off by a reset", "not-sent", writeAndReset(half(429))),
  ...either("500 with a body that hangs", writeAndHang(half(500))),

  // Before the body was read.
  fault("400 before the body is read", "not-sent", write(problem(400)), { at: "head" }),
  fault("413 before the body is read, then closes", "not-sent", writeAndClose(problem(413)), {
    at: "head",
  }),
  fault("429 before the body is read", "not-sent", write(problem(429)), { at: "head" }),
  ...either("500 before the body is read", write(problem(500)), { at: "head" }),
  ...either(
    "502 in HTML before the body is read, then closes",
    writeAndClose(answer(502, page, html)),
    {
      at: "head",
    },
  ),
  ...either("half a head before the body is read, then resets", writeAndReset("HTTP/1.1 400 Ba"), {
    at: "head",
  }),

  // A second answer, which nobody asked for.
  fault("204, then a 400", "accepted", write(answer(204) + problem(400))),
  fault("204, then another 204", "accepted", write(answer(204) + answer(204))),
  fault("204, then a 400 in another packet", "accepted", ({ socket }) => {
    socket.write(answer(204), () => setImmediate(() => socket.write(problem(400))))
  }),
  fault("400, then a 204", "not-sent", write(problem(400) + answer(204))),
  ...either("500, then a 204", write(problem(500) + answer(204))),
]
