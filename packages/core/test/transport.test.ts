/**
 * What a failure without an answer says about the message, by what runtimes report: some of it takes a network that
 * breaks in ways no loopback does, so the reports are written down here. The real ones are in `faults.test.ts`.
 */
import { SentClient, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { failing } from "./support/failing.ts"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"

/** An error as Node's are: a message with a code, and perhaps a system call. */
const nodeError = (code: string, syscall?: string, cause?: unknown): Error =>
  Object.assign(new Error(`${syscall ?? ""} ${code}`, { cause }), { code, syscall })

/** What fetch wraps it in. */
const fetchFailed = (cause: unknown): Error => new TypeError("fetch failed", { cause })

const several = (...errors: ReadonlyArray<Error>): Error =>
  Object.assign(new AggregateError(errors), { code: "ECONNREFUSED" })

const notSent: ReadonlyArray<readonly [title: string, cause: unknown, stage: string]> = [
  ["a name that is not known", nodeError("ENOTFOUND", "getaddrinfo"), "resolve"],
  ["a name server that is away", fetchFailed(nodeError("EAI_AGAIN", "getaddrinfo")), "resolve"],
  ["a refused connection", fetchFailed(nodeError("ECONNREFUSED", "connect")), "connect"],
  ["a connect time-out of the system", nodeError("ETIMEDOUT", "connect"), "connect"],
  ["a connect time-out of undici", fetchFailed(nodeError("UND_ERR_CONNECT_TIMEOUT")), "connect"],
  ["no way to the host", nodeError("EHOSTUNREACH", "connect"), "connect"],
  ["no network", nodeError("ENETUNREACH", "connect"), "connect"],
  [
    "every address refused",
    fetchFailed(several(nodeError("ECONNREFUSED", "connect"), nodeError("ETIMEDOUT", "connect"))),
    "connect",
  ],
  ["a certificate that has expired", fetchFailed(nodeError("CERT_HAS_EXPIRED")), "tls"],
  ["a certificate of another host", nodeError("ERR_TLS_CERT_ALTNAME_INVALID"), "tls"],
  ["a self-signed certificate", nodeError("DEPTH_ZERO_SELF_SIGNED_CERT"), "tls"],
]

const unknown: ReadonlyArray<readonly [title: string, cause: unknown]> = [
  ["a time-out while reading", nodeError("ETIMEDOUT", "read")],
  ["a reset", fetchFailed(nodeError("ECONNRESET", "read"))],
  ["a pipe that is broken while writing", nodeError("EPIPE", "write")],
  ["no headers in time", fetchFailed(nodeError("UND_ERR_HEADERS_TIMEOUT"))],
  ["no body in time", fetchFailed(nodeError("UND_ERR_BODY_TIMEOUT"))],
  ["the other side's end", fetchFailed(nodeError("UND_ERR_SOCKET"))],
  ["TLS that broke later on", nodeError("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")],
  [
    "one address connected",
    several(nodeError("ECONNREFUSED", "connect"), nodeError("ECONNRESET", "read")),
  ],
  ["what a browser says", new TypeError("Failed to fetch")],
  ["what Safari says", new TypeError("Load failed")],
  ["what Deno says", new TypeError("error sending request for url (https://api.sent.dm/)")],
  ["a text", "broken"],
  ["nothing at all", undefined],
]

const failWith = (cause: unknown) =>
  Effect.flip(SentClient.sendToPhone(sample).pipe(Effect.provide(clientLayer(failing(cause), {}))))

describe("was certainly not sent", () => {
  it.effect.each(notSent)("%s", ([, cause, stage]) =>
    Effect.gen(function* () {
      const error = yield* failWith(cause)
      assert.instanceOf(error.reason, SentError.ConnectionFailed)
      assert.strictEqual(error.reason.stage, stage)
      assert.strictEqual(error.delivery, "not-sent")
    }),
  )
})

describe("may have been sent", () => {
  it.effect.each(unknown)("%s", ([, cause]) =>
    Effect.gen(function* () {
      const error = yield* failWith(cause)
      assert.instanceOf(error.reason, SentError.ConnectionLost)
      assert.strictEqual(error.delivery, "unknown")
    }),
  )
})
