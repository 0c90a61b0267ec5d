/**
 * What each answer of the service becomes, over each HTTP client. The rows are the tables of the API's
 * documentation, one by one.
 */
import type { SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Effect } from "effect"
import { clients } from "@effect-sent/faults/clients"
import { send } from "@effect-sent/faults/program"
import { assertReason, type PlainReason } from "./support/reason.ts"
import { answer, bytes, json, type Play, wire } from "./support/wire.ts"

/** An amount as an error has it: its message was formatted, which keeps the normalised value with the number. */
const amount = (text: string): BigDecimal.BigDecimal => {
  const value = BigDecimal.fromStringUnsafe(text)
  BigDecimal.normalize(value)
  return value
}

const html = "<html><body><h1>502 Bad Gateway</h1></body></html>"

interface Row {
  readonly title: string
  readonly play: Play
  readonly reason: PlainReason
  readonly delivery: SentError.Delivery
  readonly isTransient: boolean
}

const refused = (title: string, play: Play, reason: PlainReason, isTransient = false): Row => ({
  title,
  play,
  reason,
  delivery: "not-sent",
  isTransient,
})

const inDoubt = (title: string, play: Play, reason: PlainReason, isTransient = true): Row => ({
  title,
  play,
  reason,
  delivery: "unknown",
  isTransient,
})

const detail = (text: string): Play =>
  json(400, { status: 400, title: "Bad Request", detail: text })

const required = {
  phoneNumber: ["Phone number is required"],
  templateId: ["TemplateId is required"],
}

const rows: ReadonlyArray<Row> = [
  // The three shapes of a 400
  refused(
    "400 with field errors, type and title",
    json(400, {
      type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
      title: "One or more validation errors occurred",
      status: 400,
      errors: { fieldName: ["Error message"] },
    }),
    { _tag: "ValidationFailed", fieldErrors: { fieldName: ["Error message"] } },
  ),
  refused(
    "400 with field errors, statusCode and message",
    json(400, { statusCode: 400, message: "One or more errors occurred!", errors: required }),
    { _tag: "ValidationFailed", fieldErrors: required },
  ),
  refused("400 with nothing but field errors", json(400, { errors: required }), {
    _tag: "ValidationFailed",
    fieldErrors: required,
  }),
  refused(
    "400 whose field errors are single texts",
    json(400, { errors: { phoneNumber: "Phone number is required" } }),
    { _tag: "ValidationFailed", fieldErrors: { phoneNumber: ["Phone number is required"] } },
  ),
  refused("400 Invalid phone number", detail("Invalid phone number"), {
    _tag: "InvalidPhoneNumber",
  }),
  refused("400 Template not found", detail("Template not found"), { _tag: "TemplateNotFound" }),
  refused(
    "400 Insufficient balance",
    detail("Insufficient balance. Current balance: 0.0050, estimated cost: 0.0200"),
    {
      _tag: "InsufficientBalance",
      balance: amount("0.0050"),
      estimatedCost: amount("0.0200"),
    },
  ),
  refused(
    "400 Insufficient balance with a debt and thousands",
    detail("Insufficient balance. Current balance: -12,345.67, estimated cost: $1.5."),
    {
      _tag: "InsufficientBalance",
      balance: amount("-12345.67"),
      estimatedCost: amount("1.5"),
    },
  ),
  refused(
    "400 Insufficient balance with ambiguous amounts",
    detail("Insufficient balance. Current balance: 1.234,50, estimated cost: 1,234"),
    { _tag: "InsufficientBalance" },
  ),
  refused("400 Insufficient balance without amounts", detail("Insufficient balance"), {
    _tag: "InsufficientBalance",
  }),
  refused(
    "400 Invalid channel",
    detail("Invalid channel: email. Supported channels are: sms, whatsapp"),
    {
      _tag: "RequestRejected",
      status: 400,
      detail: "Invalid channel: email. Supported channels are: sms, whatsapp",
    },
  ),
  refused("a bare 400", answer(400), { _tag: "RequestRejected", status: 400 }),
  refused("413", answer(413), { _tag: "RequestRejected", status: 413 }),
  refused("415", answer(415), { _tag: "RequestRejected", status: 415 }),
  refused("422", answer(422), { _tag: "RequestRejected", status: 422 }),

  // 401, 403, 404
  refused(
    "401 Header x-api-key not found",
    json(401, { status: 401, title: "Unauthorized", detail: "Header x-api-key not found" }),
    { _tag: "CredentialsRejected", header: "x-api-key", detail: "Header x-api-key not found" },
  ),
  refused(
    "401 Header x-sender-id not found",
    json(401, { status: 401, title: "Unauthorized", detail: "Header x-sender-id not found" }),
    { _tag: "CredentialsRejected", header: "x-sender-id", detail: "Header x-sender-id not found" },
  ),
  refused(
    "401 Invalid x-sender-id",
    json(401, { status: 401, title: "Unauthorized", detail: "Invalid x-sender-id" }),
    { _tag: "CredentialsRejected", header: "x-sender-id", detail: "Invalid x-sender-id" },
  ),
  refused(
    "401 Invalid API credentials!",
    json(401, { status: 401, title: "Unauthorized", detail: "Invalid API credentials!" }),
    { _tag: "CredentialsRejected", detail: "Invalid API credentials!" },
  ),
  refused("a bare 401", answer(401), { _tag: "CredentialsRejected" }),
  refused("403 Forbidden", json(403, { status: 403, title: "Forbidden" }), {
    _tag: "AccessDenied",
    detail: "Forbidden",
  }),
  refused("a bare 403", answer(403), { _tag: "AccessDenied" }),
  refused(
    "403 with the page of a firewall",
    answer(403, { "content-type": "text/html; charset=utf-8" }, "<!doctype html><p>Blocked</p>"),
    { _tag: "AccessDenied", foreign: "page" },
  ),
  refused(
    "403 with a page that does not say that it is one",
    answer(403, {}, "\n<html><p>Blocked</p></html>"),
    { _tag: "AccessDenied", foreign: "page" },
  ),
  refused("403 of a gateway", json(403, { message: "Forbidden" }), {
    _tag: "AccessDenied",
    detail: "Forbidden",
    foreign: "other",
  }),
  refused("404 Not Found", json(404, { status: 404, title: "Not Found" }), {
    _tag: "EndpointNotFound",
    detail: "Not Found",
  }),
  refused("a bare 404", answer(404), { _tag: "EndpointNotFound" }),

  // 429
  refused(
    "429 with Retry-After in seconds and the limits",
    json(
      429,
      {
        status: 429,
        title: "Too Many Requests",
        detail: "Rate limit exceeded. Please retry after 60 seconds.",
      },
      {
        "Retry-After": "60",
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1761905442",
      },
    ),
    {
      _tag: "RateLimited",
      retryAfter: Duration.seconds(60),
      limit: 100,
      remaining: 0,
      resetAt: DateTime.makeUnsafe("2025-10-31T10:10:42Z"),
    },
    true,
  ),
  // The test clock stands at the epoch, so a date is as far away as it says.
  refused(
    "429 with Retry-After as a date",
    answer(429, { "Retry-After": "Thu, 01 Jan 1970 00:01:30 GMT" }),
    { _tag: "RateLimited", retryAfter: Duration.seconds(90) },
    true,
  ),
  refused(
    "429 without Retry-After but with the time of the reset",
    answer(429, { "X-RateLimit-Reset": "30" }),
    {
      _tag: "RateLimited",
      retryAfter: Duration.seconds(30),
      resetAt: DateTime.makeUnsafe(30_000),
    },
    true,
  ),
  refused(
    "429 whose reset is later than its Retry-After",
    answer(429, { "Retry-After": "5", "X-RateLimit-Reset": "30" }),
    {
      _tag: "RateLimited",
      retryAfter: Duration.seconds(30),
      resetAt: DateTime.makeUnsafe(30_000),
    },
    true,
  ),
  refused(
    "429 whose reset is in milliseconds",
    answer(429, { "X-RateLimit-Reset": "1761905442000" }),
    { _tag: "RateLimited" },
    true,
  ),
  refused(
    "429 whose Retry-After is a time since the epoch",
    answer(429, { "Retry-After": "1761905442" }),
    { _tag: "RateLimited" },
    true,
  ),
  refused(
    "429 with two values of Retry-After",
    answer(429, { "Retry-After": "5, 60" }),
    { _tag: "RateLimited", retryAfter: Duration.seconds(60) },
    true,
  ),
  refused(
    "429 with malformed headers",
    answer(429, {
      "Retry-After": "soon",
      "X-RateLimit-Limit": "-1",
      "X-RateLimit-Remaining": "many",
      "X-RateLimit-Reset": "99999999999999999999",
    }),
    { _tag: "RateLimited" },
    true,
  ),
  refused("a bare 429", answer(429), { _tag: "RateLimited" }, true),

  // 5xx
  refused(
    "503 with Retry-After",
    answer(503, { "Retry-After": "30" }),
    { _tag: "ServiceOverloaded", retryAfter: Duration.seconds(30) },
    true,
  ),
  inDoubt("503 without Retry-After", answer(503, { "content-type": "text/html" }, html), {
    _tag: "ServiceOverloaded",
  }),
  inDoubt("503 whose Retry-After cannot be read", answer(503, { "Retry-After": "soon" }), {
    _tag: "ServiceOverloaded",
  }),
  inDoubt(
    "500 with a problem document",
    json(500, { status: 500, title: "Internal Server Error" }),
    {
      _tag: "ServerFailed",
      status: 500,
      detail: "Internal Server Error",
    },
  ),
  inDoubt("a bare 500", answer(500), { _tag: "ServerFailed", status: 500 }),
  inDoubt("502 of a proxy, in HTML", answer(502, { "content-type": "text/html" }, html), {
    _tag: "ServerFailed",
    status: 502,
  }),
  inDoubt("504 of a proxy, in HTML", answer(504, { "content-type": "text/html" }, html), {
    _tag: "ServerFailed",
    status: 504,
  }),
  inDoubt("501", answer(501), { _tag: "ServerFailed", status: 501 }, false),

  // The rest
  inDoubt("408", answer(408), { _tag: "UnexpectedResponse", status: 408 }),
  refused("any other 4xx", answer(405), { _tag: "UnexpectedResponse", status: 405 }),
  inDoubt("a status beyond 599", answer(799), { _tag: "UnexpectedResponse", status: 799 }, false),

  // No answer
  inDoubt("a reset after the request was read", (socket) => void socket.resetAndDestroy(), {
    _tag: "ConnectionLost",
    code: "ECONNRESET",
  }),
]

// What the clients call it differs; that the message may have gone out does not.
const broken: ReadonlyArray<readonly [title: string, play: Play]> = [
  ["half a status line, then the end", bytes("HTTP/1.1 20")],
  ["half a header, then the end", bytes("HTTP/1.1 204 No Content\r\nx-half: ")],
  ["garbage instead of HTTP", bytes("\u0000\u0001garbage\r\n\r\n")],
  ["the end of the connection without an answer", bytes("")],
]

describe.each(clients)("what an answer becomes, over %s", (_, http) => {
  it.effect.each(rows.map((row) => [row.title, row] as const))("%s", ([, row]) =>
    Effect.gen(function* () {
      const server = yield* wire(row.play)
      const error = yield* Effect.flip(send(http, server.baseUrl))
      const isMissing = error.reason._tag === "EndpointNotFound"
      const url = isMissing ? { url: `${server.baseUrl}/v1/messages/phone` } : {}
      assertReason(error.reason, { ...row.reason, ...url })
      assert.strictEqual(error.delivery, row.delivery)
      assert.strictEqual(error.isTransient, row.isTransient)
      assert.strictEqual(error.isRetryable, row.isTransient && row.delivery === "not-sent")
      assert.strictEqual(error.attempts, 1)
      assert.strictEqual(server.requests.length, 1)
    }),
  )

  it.effect.each(broken)("%s may have been sent", ([, play]) =>
    Effect.gen(function* () {
      const server = yield* wire(play)
      const error = yield* Effect.flip(send(http, server.baseUrl))
      assert.strictEqual(error.reason._tag, "ConnectionLost")
      assert.strictEqual(error.delivery, "unknown")
      assert.strictEqual(server.requests.length, 1)
    }),
  )

  it.effect.each([200, 201, 202, 204, 299])("%i is an accepted message", (status) =>
    Effect.gen(function* () {
      const server = yield* wire(answer(status))
      const receipt = yield* send(http, server.baseUrl)
      assert.deepStrictEqual(receipt, {
        status,
        acceptedAt: DateTime.makeUnsafe(0),
        attempts: 1,
      })
      assert.strictEqual(server.requests.length, 1)
    }),
  )
})
