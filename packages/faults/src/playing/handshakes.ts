/** Connections that are never established. Nothing is written over them, which is what makes *not sent* certain. */
import type { Claim, HandshakeFault, UnansweredFault } from "../Fault.ts"
import { certificate } from "../certificates.ts"
import { alerts } from "./tls.ts"

const handshake = (
  name: string,
  server: HandshakeFault["server"],
  says: Claim = "not-sent",
): HandshakeFault => ({ name: `handshake: ${name}`, at: "handshake", accepts: false, says, server })

const ends =
  (bytes: Buffer | string): HandshakeFault["server"] =>
  (socket) => {
    socket.end(bytes)
  }

const loopback = certificate("loopback")
const requiresCertificate = { ...loopback, requestCert: true, ca: certificate("authority").cert }

export const handshakeFaults: ReadonlyArray<HandshakeFault> = [
  handshake("self-signed", certificate("selfSigned")),
  handshake("unknown issuer", certificate("unknownIssuer")),
  handshake("another host", certificate("otherHost")),
  handshake("expired", certificate("expired")),
  handshake("no version in common", {
    ...loopback,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "ALL:@SECLEVEL=0",
  }),
  handshake("no cipher in common", {
    ...loopback,
    maxVersion: "TLSv1.2",
    ciphers: "PSK-AES128-CBC-SHA256:@SECLEVEL=0",
  }),
  handshake("client certificate missing, TLSv1.2", {
    ...requiresCertificate,
    maxVersion: "TLSv1.2",
  }),
  // Here the client takes the handshake for done and writes, before it is told.
  handshake(
    "client certificate missing, TLSv1.3",
    { ...requiresCertificate, minVersion: "TLSv1.3" },
    "unknown",
  ),
  ...Object.entries(alerts).map(([name, code]) =>
    handshake(`alert ${name}`, ends(Buffer.from([21, 3, 3, 0, 2, 2, code]))),
  ),
  handshake("plain HTTP", ends("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")),
  handshake("plain SSH", ends("SSH-2.0-OpenSSH_9\r\n")),
  handshake("zeros", ends(Buffer.alloc(64))),
  handshake(
    "a record that is too long",
    ends(Buffer.from([22, 3, 3, 0xff, 0xff, ...Buffer.alloc(100, 1)])),
  ),
  handshake("FIN", ends("")),
  handshake("RST", (socket) => socket.resetAndDestroy()),
  handshake("never answers", (_, fallSilent) => fallSilent()),
]

/** Only Linux is known to drop what comes to a full queue; other systems may refuse it. */
export const unansweredFaults: ReadonlyArray<UnansweredFault> =
  process.platform === "linux"
    ? (["http", "https"] as const).map((scheme) => ({
        name: `a connect that nobody answers, ${scheme}`,
        at: "unanswered",
        accepts: false,
        says: "not-sent",
        scheme,
      }))
    : []
