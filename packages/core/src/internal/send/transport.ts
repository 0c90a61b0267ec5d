/**
 * What a failure without a response says about the message: from what was seen of the attempt, and from what the HTTP
 * client reports.
 *
 * | in this order                                                      | the message                     |
 * | ------------------------------------------------------------------ | ------------------------------- |
 * | something of it was seen to be written                             | may have been sent              |
 * | its connection was seen to begin, and not to be used (evidence.ts) | was not sent                    |
 * | the code, the system call or the text of the innermost errors      | was not sent, if each proves it |
 * | anything else                                                      | may have been sent              |
 *
 * A code alone lies once something was written: after the end of an HTTP/2 connection that had accepted the message,
 * undici connects again, and reports that this connection was refused. On an established connection, node:http reports the
 * same `ERR_SSL_…` codes that undici reports of a handshake. So do Bun's `EPROTO` and Deno's "client error (Connect)",
 * which prove nothing.
 */
import * as Predicate from "effect/Predicate"
import type { Evidence } from "./evidence.ts"
import { ConnectionFailed, ConnectionLost, type Reason } from "./reason.ts"
import { blockedPort } from "./reasonTable.ts"

/** The reason of an exchange with this URL that failed without a response, for this cause. */
export const reasonOfTransport = (cause: unknown, evidence: Evidence, url: URL): Reason => {
  const causes = innermost(cause)
  const proofs = causes.map(proofOf)
  const code = causes.map((one) => text(one, "code")).find(Predicate.isNotUndefined)
  if (evidence.ownWrites === 0) {
    // With several addresses there is one error for each: all must say that nothing was written.
    const [proof] = proofs
    if (proof !== undefined && proofs.every(Predicate.isNotUndefined)) {
      return new ConnectionFailed({
        stage: proof.stage,
        code: proof.code ?? code ?? proof.stage,
        ...addressOf(url),
      })
    }
    if (evidence.isUnsent) {
      const stage = causes.some(isOfTls) ? "tls" : "connect"
      return new ConnectionFailed({ stage, code: code ?? stage, ...addressOf(url) })
    }
  }
  return new ConnectionLost(code === undefined ? {} : { code })
}

/** The host and port of a URL. */
export const addressOf = (url: URL): { readonly host: string; readonly port: number } => ({
  host: url.hostname,
  port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
})

/** The step that failed before anything was written. */
interface Proof {
  readonly stage: ConnectionFailed["stage"]
  /** For an error without a code. */
  readonly code?: string
}

const proofOf = (cause: unknown): Proof | undefined => {
  const code = text(cause, "code") ?? ""
  const syscall = text(cause, "syscall")
  const message = text(cause, "message") ?? ""
  if (syscall === "getaddrinfo") return { stage: "resolve" }
  if (syscall === "connect" || code === "UND_ERR_CONNECT_TIMEOUT") return { stage: "connect" }
  // Bun reports no system call. On a connection that is reused, it reports a reset.
  if (code === "ECONNREFUSED" && Predicate.hasProperty(globalThis, "Bun"))
    return { stage: "connect" }
  if (isBlockedPort(message)) return { stage: "connect", code: blockedPort }
  if (isTunnelRefused(code, message)) return { stage: "connect" }
  if (isHandshake(code, syscall, message)) return { stage: "tls" }
  return undefined
}

// Node, then Deno.
const isBlockedPort = (message: string): boolean =>
  message === blockedPort || /^Fetch failed: Requests to port \d+ are blocked$/.test(message)

// A proxy that answers CONNECT with another status than 200: undici, then node:http.
const isTunnelRefused = (code: string, message: string): boolean =>
  (code === "UND_ERR_ABORTED" &&
    /^Proxy response \(\d+\) !== 200 when HTTP Tunneling$/.test(message)) ||
  code === "ERR_PROXY_TUNNEL"

// Verification ends a handshake, and no alert or record on an established connection can raise its codes. Of the other
// errors of TLS, only node:http's `write EPROTO` comes from nothing but a handshake.
const isHandshake = (code: string, syscall: string | undefined, message: string): boolean =>
  certificateCodes.has(code) ||
  code.startsWith("ERR_TLS_CERT_") ||
  message === "Client network socket disconnected before secure TLS connection was established" ||
  (code === "EPROTO" && syscall === "write" && message.includes("SSL routines"))

const isOfTls = (cause: unknown): boolean => {
  const code = text(cause, "code") ?? ""
  return code.startsWith("ERR_SSL_") || code === "EPROTO"
}

// OpenSSL's verification results, which Node uses as codes.
const certificateCodes: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
])

/** The errors at the end of the chain of causes: more than one where several addresses were tried. */
const innermost = (error: unknown): ReadonlyArray<unknown> => {
  const seen = new Set<unknown>()
  const visit = (current: unknown): ReadonlyArray<unknown> => {
    if (!Predicate.isObject(current) || seen.has(current)) return []
    seen.add(current)
    const inner = Array.isArray(current["errors"])
      ? current["errors"].flatMap(visit)
      : visit(current["cause"])
    return inner.length > 0 ? inner : [current]
  }
  return visit(error)
}

const text = (error: unknown, key: "code" | "syscall" | "message"): string | undefined =>
  Predicate.hasProperty(error, key) && Predicate.isString(error[key]) ? error[key] : undefined
