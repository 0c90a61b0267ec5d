/** Every fault that the server plays. */
import type { Fault } from "./Fault.ts"
import { misleadingAnswers } from "./playing/answers.ts"
import { handshakeFaults, unansweredFaults } from "./playing/handshakes.ts"
import { http2Accepts, http2Faults } from "./playing/http2.ts"
import { accepts, plainFaults } from "./playing/plain.ts"
import { tlsAccepts, tlsFaults } from "./playing/tls.ts"

/** The kinds of faults, by the connection on which they are played. */
export const faultKinds: Readonly<Record<string, ReadonlyArray<Fault>>> = {
  "plain TCP": [...plainFaults, ...misleadingAnswers],
  "no connection": [...handshakeFaults, ...unansweredFaults],
  TLS: tlsFaults,
  "HTTP/2": http2Faults,
}

/** Every fault, and the regular answers. */
export const faults: ReadonlyArray<Fault> = Object.values(faultKinds).flat()

/** The regular answer on the same kind of connection as this fault. */
export const acceptsLike = (fault: Fault): Fault => {
  switch (fault.at) {
    case "tls":
      return tlsAccepts[fault.version]
    case "stream":
    case "streamed":
      return http2Accepts
    default:
      return accepts
  }
}

export { accepts } from "./playing/plain.ts"
export { endsSession, isAgainstRfc9113 } from "./playing/http2.ts"
