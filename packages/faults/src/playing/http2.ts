/** Ends of HTTP/2 streams and sessions, before and after the message was accepted. */
import { constants } from "node:http2"
import type { Claim, Fault, Http2Exchange, Http2Fault } from "../Fault.ts"

/** Every error code of RFC 9113, section 7. */
const codes = {
  NO_ERROR: constants.NGHTTP2_NO_ERROR,
  PROTOCOL_ERROR: constants.NGHTTP2_PROTOCOL_ERROR,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
  FLOW_CONTROL_ERROR: constants.NGHTTP2_FLOW_CONTROL_ERROR,
  SETTINGS_TIMEOUT: constants.NGHTTP2_SETTINGS_TIMEOUT,
  STREAM_CLOSED: constants.NGHTTP2_STREAM_CLOSED,
  FRAME_SIZE_ERROR: constants.NGHTTP2_FRAME_SIZE_ERROR,
  REFUSED_STREAM: constants.NGHTTP2_REFUSED_STREAM,
  CANCEL: constants.NGHTTP2_CANCEL,
  COMPRESSION_ERROR: constants.NGHTTP2_COMPRESSION_ERROR,
  CONNECT_ERROR: constants.NGHTTP2_CONNECT_ERROR,
  ENHANCE_YOUR_CALM: constants.NGHTTP2_ENHANCE_YOUR_CALM,
  INADEQUATE_SECURITY: constants.NGHTTP2_INADEQUATE_SECURITY,
  HTTP_1_1_REQUIRED: constants.NGHTTP2_HTTP_1_1_REQUIRED,
}

type Play = (exchange: Http2Exchange) => void

const accepting = (name: string, says: Claim, play: Play): Http2Fault => ({
  name: `HTTP/2: ${says === "accepted" ? "" : "accepts; "}${name}`,
  at: "streamed",
  accepts: true,
  says,
  play,
})

/** A fault of a stream, in two variants: as it opens, and after the message was accepted. */
const either = (name: string, play: Play): ReadonlyArray<Http2Fault> => [
  { name: `HTTP/2: ${name}`, at: "stream", accepts: false, says: "unknown", play },
  accepting(name, "unknown", play),
]

const answer204: Play = ({ stream }) => stream.respond({ ":status": 204 }, { endStream: true })

/** Closes the session for new streams. This one is still served. */
const goAway =
  (code: number, then: Play): Play =>
  (exchange) => {
    const { afterRead, session, stream } = exchange
    session.goaway(code, stream.id)
    afterRead(() => then(exchange))
  }

/**
 * Closes the session for this stream, too. That takes an earlier stream to name: after the first stream, the session ends without
 * a word about it.
 */
const goAwayBefore =
  (code: number): Play =>
  (exchange) => {
    const { leaveToClient, session, stream } = exchange
    const before = (stream.id ?? 0) - 2
    if (before < 1) {
      goAway(code, closeSession)(exchange)
      return
    }
    leaveToClient()
    session.goaway(code, before)
  }

const closeSession: Play = ({ session }) => session.destroy()

/** The regular answer over HTTP/2: the message is accepted. */
export const http2Accepts: Http2Fault = accepting("204", "accepted", answer204)

export const http2Faults: ReadonlyArray<Http2Fault> = [
  http2Accepts,
  ...Object.entries(codes).flatMap(([name, code]) =>
    either(`RST_STREAM ${name}`, ({ stream }) => stream.close(code)),
  ),
  ...(["NO_ERROR", "INTERNAL_ERROR", "ENHANCE_YOUR_CALM"] as const).flatMap((name) =>
    either(`GOAWAY ${name}, last stream before`, goAwayBefore(codes[name])).concat(
      either(`GOAWAY ${name}, last stream this, then closes`, goAway(codes[name], closeSession)),
    ),
  ),
  accepting(
    "GOAWAY NO_ERROR, last stream this, then 204",
    "accepted",
    goAway(codes.NO_ERROR, answer204),
  ),
  ...either("closes the session", ({ session }) =>
    session.destroy(undefined, codes.INTERNAL_ERROR),
  ),
  ...either("resets the connection", ({ socket }) => socket.resetAndDestroy()),
  ...(["NO_ERROR", "CANCEL", "INTERNAL_ERROR", "REFUSED_STREAM"] as const).map((name) =>
    accepting(`204, then RST_STREAM ${name}`, "accepted", ({ stream }) => {
      stream.respond({ ":status": 204 })
      stream.close(codes[name])
    }),
  ),
  ...(["NO_ERROR", "CANCEL", "INTERNAL_ERROR", "REFUSED_STREAM"] as const).map((name) =>
    accepting(
      `200 with half a body, then RST_STREAM ${name}`,
      "accepted",
      ({ afterRead, stream }) => {
        stream.respond({ ":status": 200, "content-type": "application/json" })
        stream.write("{")
        afterRead(() => stream.close(codes[name]))
      },
    ),
  ),
]

/**
 * Whether the server breaks RFC 9113 (section 8.7): what it refuses so has not been processed, and a client may repeat it. undici
 * does, without being asked.
 */
export const isAgainstRfc9113 = ({ accepts, name }: Fault): boolean =>
  accepts &&
  /HTTP\/2: accepts; (?:RST_STREAM REFUSED_STREAM|GOAWAY \w+, last stream before)$|: 204, then RST_STREAM REFUSED_STREAM$/.test(
    name,
  )

/** Whether the server ends the session: what it says about this stream is then false of the others that it has accepted. */
export const endsSession = ({ name }: Fault): boolean =>
  /^HTTP\/2: .*(?:GOAWAY|closes the session|resets the connection)/.test(name)
