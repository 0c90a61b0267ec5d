/**
 * What a failure without a response says about the message, from what the HTTP clients actually report.
 *
 * The innermost error decides. Its `syscall` says more than its code: `ETIMEDOUT` of a `connect` comes before anything
 * is written, `ETIMEDOUT` of a `read` after. An error that is not recognised leaves open whether the request was
 * written.
 */
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import { ConnectionFailed, ConnectionLost, type Reason } from "./reason.ts"

/** The reason of an exchange that failed without a response. */
export const reasonOfTransport = (error: HttpClientError.HttpClientError): Reason => {
  const causes = innermost(error.reason.cause)
  const stages = causes.map(stageOf)
  const code = causes.map((cause) => text(cause, "code")).find(Predicate.isNotUndefined)
  // With several addresses there is one error for each: all must say that nothing was written.
  const [stage] = stages
  return stage !== undefined && stages.every(Predicate.isNotUndefined)
    ? new ConnectionFailed({ stage, code: code ?? stage })
    : new ConnectionLost(code === undefined ? {} : { code })
}

type Stage = ConnectionFailed["stage"]

const stageOf = (cause: unknown): Stage | undefined => {
  const code = text(cause, "code") ?? ""
  const syscall = text(cause, "syscall")
  if (syscall === "getaddrinfo") return "resolve"
  if (syscall === "connect" || code === "UND_ERR_CONNECT_TIMEOUT") return "connect"
  if (isHandshake(code, text(cause, "message") ?? "")) return "tls"
  return undefined
}

// TLS is agreed on before anything is written over it. These are the codes of a handshake that failed: of
// certificates (OpenSSL's verification results, which Node uses as codes), and of peers that do not speak TLS
// or have no version or cipher in common.
const isHandshake = (code: string, message: string): boolean =>
  certificateCodes.has(code) ||
  code.startsWith("ERR_TLS_CERT_") ||
  handshakeFailures.some(
    (failure) =>
      code === `ERR_SSL_${failure}` ||
      (code === "EPROTO" && message.includes(failure.replaceAll("_", " ").toLowerCase())),
  )

const handshakeFailures: ReadonlyArray<string> = [
  "WRONG_VERSION_NUMBER",
  "PACKET_LENGTH_TOO_LONG",
  "UNSUPPORTED_PROTOCOL",
  "NO_PROTOCOLS_AVAILABLE",
  "TLSV1_ALERT_PROTOCOL_VERSION",
  "SSLV3_ALERT_HANDSHAKE_FAILURE",
  "NO_SHARED_CIPHER",
]

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
