import { SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Cause, DateTime, Duration, Effect, Schema } from "effect"
import { HttpApiError } from "effect/http-api"
import { inspect } from "node:util"

interface Row {
  readonly reason: SentError.Reason
  readonly delivery: SentError.Delivery
  readonly mendedBy: SentError.MendedBy
  readonly message: string
}

const row = (
  reason: SentError.Reason,
  delivery: SentError.Delivery,
  mendedBy: SentError.MendedBy,
  message: string,
): Row => ({ reason, delivery, mendedBy, message })

const tenSeconds = Duration.seconds(10)

const invalidRequest = (...paths: ReadonlyArray<ReadonlyArray<string>>): SentError.Reason =>
  new SentError.InvalidRequest({ issues: paths.map((path) => ({ path, message: "is wrong" })) })

const serverFailed = (status: number): SentError.Reason => new SentError.ServerFailed({ status })

const unexpected = (status: number): SentError.Reason =>
  new SentError.UnexpectedResponse({ status })

/** One row for each reason, and for each way in which its facts depend on its data. */
const rows: ReadonlyArray<Row> = [
  row(
    new SentError.InvalidRequest({
      issues: [
        { path: [], message: "must be an object" },
        { path: ["messageBody", "name"], message: "must be a string" },
      ],
    }),
    "not-sent",
    "operator",
    "invalid request: must be an object; messageBody.name must be a string",
  ),
  row(
    invalidRequest(["phoneNumber"]),
    "not-sent",
    "recipient",
    "invalid request: phoneNumber is wrong",
  ),
  row(
    invalidRequest(["phoneNumber"], ["templateId"]),
    "not-sent",
    "operator",
    "invalid request: phoneNumber is wrong; templateId is wrong",
  ),
  row(
    new SentError.InvalidOptions({ issues: [{ path: ["timeout"], message: "must be positive" }] }),
    "not-sent",
    "operator",
    "invalid options: timeout must be positive",
  ),
  row(
    new SentError.MessageNotFound(),
    "not-sent",
    "operator",
    "message not found (404): check that its id is of this account, and of this profile",
  ),
  row(
    new SentError.KeyConflict({ code: "CONFLICT_001", detail: "Busy" }),
    "unknown",
    "time",
    "conflict of the idempotency key (409): Busy",
  ),
  row(
    new SentError.KeyConflict({}),
    "unknown",
    "operator",
    "conflict of the idempotency key (409)",
  ),
  row(
    new SentError.ServiceOverloaded({ code: "SERVICE_001" }),
    "not-sent",
    "time",
    "service overloaded (503)",
  ),
  row(
    new SentError.InsufficientBalance({ code: "BUSINESS_003" }),
    "not-sent",
    "operator",
    "insufficient balance (BUSINESS_003)",
  ),
  row(
    new SentError.CredentialsUnavailable({ description: "apiKey is required" }),
    "not-sent",
    "operator",
    "credentials unavailable: apiKey is required",
  ),
  row(
    new SentError.ValidationFailed({ fieldErrors: { a: ["b", "c"], d: ["e"] } }),
    "not-sent",
    "operator",
    "validation failed (400): a: b, c; d: e",
  ),
  row(
    new SentError.ValidationFailed({ fieldErrors: { PhoneNumber: ["is too short"] } }),
    "not-sent",
    "recipient",
    "validation failed (400): PhoneNumber: is too short",
  ),
  row(
    new SentError.ValidationFailed({ fieldErrors: {} }),
    "not-sent",
    "operator",
    "validation failed (400): ",
  ),
  row(
    new SentError.InvalidPhoneNumber(),
    "not-sent",
    "recipient",
    "invalid phone number (400): the service cannot send to it",
  ),
  row(
    new SentError.TemplateNotFound(),
    "not-sent",
    "operator",
    "template not found (400): check that templateId exists in this account",
  ),
  row(
    new SentError.InsufficientBalance({
      balance: BigDecimal.fromStringUnsafe("0.0050"),
      estimatedCost: BigDecimal.fromStringUnsafe("0.0200"),
    }),
    "not-sent",
    "operator",
    "insufficient balance (400): 0.005, estimated cost 0.02",
  ),
  row(new SentError.InsufficientBalance({}), "not-sent", "operator", "insufficient balance (400)"),
  row(
    new SentError.RequestRejected({ status: 415 }),
    "not-sent",
    "operator",
    "request rejected (415)",
  ),
  row(
    new SentError.CredentialsRejected({
      header: "x-api-key",
      detail: "Header x-api-key not found",
    }),
    "not-sent",
    "operator",
    "credentials rejected (401): Header x-api-key not found",
  ),
  row(new SentError.AccessDenied({}), "not-sent", "operator", "access denied (403)"),
  row(
    new SentError.AccessDenied({ foreign: "page" }),
    "not-sent",
    "operator",
    "access denied (403): the response is an HTML page, not the service's; check the firewalls and proxies on the way",
  ),
  row(
    new SentError.EndpointNotFound({ detail: "Not Found" }),
    "not-sent",
    "operator",
    "endpoint not found (404): is the base URL right? Not Found",
  ),
  row(
    new SentError.EndpointNotFound({ url: "https://sent.example/a/v1/messages/phone" }),
    "not-sent",
    "operator",
    "endpoint not found (404) at https://sent.example/a/v1/messages/phone: is the base URL right?",
  ),
  row(
    new SentError.ConnectionFailed({
      stage: "connect",
      code: "ECONNREFUSED",
      host: "api.sent.dm",
      port: 443,
    }),
    "not-sent",
    "time",
    "connection to api.sent.dm:443 failed (connect: ECONNREFUSED)",
  ),
  row(
    new SentError.RateLimited({
      retryAfter: tenSeconds,
      limit: 100,
      remaining: 0,
      resetAt: DateTime.makeUnsafe(0),
    }),
    "not-sent",
    "time",
    "rate limited (429): retry after 10s",
  ),
  row(
    new SentError.ServiceOverloaded({ retryAfter: tenSeconds }),
    "not-sent",
    "time",
    "service overloaded (503): retry after 10s",
  ),
  row(new SentError.ServiceOverloaded({}), "unknown", "time", "service overloaded (503)"),
  row(serverFailed(500), "unknown", "time", "server failed (500)"),
  row(serverFailed(501), "unknown", "provider", "server failed (501)"),
  row(serverFailed(502), "unknown", "time", "server failed (502)"),
  row(serverFailed(504), "unknown", "time", "server failed (504)"),
  row(
    unexpected(307),
    "unknown",
    "operator",
    "unexpected redirect (307), not followed; check the base URL",
  ),
  row(
    unexpected(0),
    "unknown",
    "operator",
    "unexpected redirect (0), not followed; check the base URL",
  ),
  row(unexpected(405), "not-sent", "operator", "unexpected response (405)"),
  row(unexpected(408), "unknown", "time", "unexpected response (408)"),
  row(
    new SentError.ConnectionFailed({ stage: "resolve", code: "ENOTFOUND" }),
    "not-sent",
    "time",
    "connection failed (resolve: ENOTFOUND)",
  ),
  row(
    new SentError.ConnectionFailed({ stage: "connect", code: "ECONNREFUSED" }),
    "not-sent",
    "time",
    "connection failed (connect: ECONNREFUSED)",
  ),
  row(
    new SentError.ConnectionFailed({ stage: "tls", code: "CERT_HAS_EXPIRED" }),
    "not-sent",
    "operator",
    "connection failed (tls: CERT_HAS_EXPIRED)",
  ),
  row(
    new SentError.ConnectionFailed({ stage: "connect", code: "bad port" }),
    "not-sent",
    "operator",
    "connection failed (connect: bad port)",
  ),
  row(
    new SentError.ConnectionLost({ code: "ECONNRESET" }),
    "unknown",
    "time",
    "connection lost (ECONNRESET)",
  ),
  row(new SentError.ConnectionLost({}), "unknown", "time", "connection lost"),
  row(
    new SentError.TimedOut({ stage: "in-flight", after: tenSeconds }),
    "unknown",
    "time",
    "timed out after 10s without a response",
  ),
  row(
    new SentError.TimedOut({ stage: "connecting", after: tenSeconds }),
    "not-sent",
    "time",
    "timed out after 10s while connecting",
  ),
  row(
    new SentError.TimedOut({ stage: "waiting", after: tenSeconds }),
    "not-sent",
    "time",
    "timed out after 10s while waiting to send",
  ),
  row(
    new SentError.RequestRepeated({ how: "again" }),
    "unknown",
    "operator",
    "the HTTP client repeated the request on its own",
  ),
  row(
    new SentError.RequestRepeated({ how: "elsewhere" }),
    "unknown",
    "operator",
    "the response came from another URL than the request was sent to",
  ),
  row(
    new SentError.CircuitOpen({ retryAfter: tenSeconds }),
    "not-sent",
    "time",
    "circuit breaker open: retry after 10s",
  ),
]

describe("SentError", () => {
  it.each(rows)(
    "says what $reason._tag means: $message",
    ({ delivery, mendedBy, message, reason }) => {
      const error = new SentError.SentError({ reason, attempts: 1 })
      assert.strictEqual(error.delivery, delivery)
      assert.strictEqual(error.mendedBy, mendedBy)
      assert.strictEqual(error.isTransient, mendedBy === "time")
      assert.strictEqual(error.isRetryable, mendedBy === "time" && delivery === "not-sent")
      assert.strictEqual(
        error.message,
        `${message} [${delivery === "not-sent" ? "not sent" : "the message may have been sent"}]`,
      )
      assert.strictEqual(error.retryAfter, "retryAfter" in reason ? reason.retryAfter : undefined)
      assert.include(Cause.pretty(Cause.fail(error)), `SentError: ${error.message}`)
      assert.include(JSON.stringify(error), `"delivery":"${delivery}"`)
      assert.include(inspect(error), `delivery: '${delivery}'`)
    },
  )

  it.each(rows)(
    "is unknown, and not retryable, after an unknown attempt: $message",
    ({ reason }) => {
      const error = new SentError.SentError({ reason, attempts: 2, unknownAttempts: 1 })
      assert.strictEqual(error.delivery, "unknown")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(
        error.isTransient,
        new SentError.SentError({ reason, attempts: 1 }).isTransient,
      )
    },
  )

  it("leaves the delivery to the error alone", () => {
    for (const { reason } of rows) {
      for (const name of ["delivery", "isRetryable", "isTransient", "mendedBy"]) {
        assert.notProperty(reason, name)
      }
    }
  })

  it("has no reason whose tag is one of Effect's HttpApiError", () => {
    // Each of its classes is named after its tag.
    const tags = Object.keys(HttpApiError)
    assert.includeMembers(tags, ["Unauthorized", "NotFound", "BadRequest"])
    for (const { reason } of rows) assert.notInclude(tags, reason._tag)
  })

  it("has a row for every reason", () => {
    const tags = new Set<string>(rows.map(({ reason }) => reason._tag))
    assert.deepStrictEqual(
      SentError.Reason.members.map((member) => member.fields._tag.schema.literal).toSorted(),
      [...tags].toSorted(),
    )
  })

  it.effect.each(rows)("survives JSON: $message", ({ reason }) =>
    Effect.gen(function* () {
      const error = new SentError.SentError({ reason, attempts: 3 })
      const codec = Schema.toCodecJson(SentError.SentError)
      const json = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(error)))
      const decoded = yield* Schema.decodeUnknownEffect(codec)(json)
      assert.instanceOf(decoded, SentError.SentError)
      assert.strictEqual(decoded.message, error.message)
      assert.strictEqual(decoded.attempts, 3)
    }),
  )

  it.each(rows)(
    "keeps its message and what is known in a structured clone: $message",
    ({ reason }) => {
      const error = new SentError.SentError({ reason, attempts: 3, unknownAttempts: 1 })
      const clone: unknown = structuredClone(error)
      assert.instanceOf(clone, Error)
      assert.strictEqual(clone.message, error.message)
      assert.deepStrictEqual(clone.cause, {
        _tag: "SentError",
        delivery: error.delivery,
        attempts: 3,
        unknownAttempts: 1,
        reason: reason._tag,
      })
      assert.notInclude(Object.keys(error), "cause")
    },
  )

  it.effect("can be caught by its tag or by its reason", () =>
    Effect.gen(function* () {
      const failing = Effect.fail(
        new SentError.SentError({
          reason: new SentError.RateLimited({ retryAfter: tenSeconds }),
          attempts: 1,
        }),
      )
      assert.strictEqual(
        yield* failing.pipe(
          Effect.catchTag("SentError", (error) => Effect.succeed(error.delivery)),
        ),
        "not-sent",
      )
      assert.strictEqual(
        yield* failing.pipe(
          Effect.catchReason("SentError", "RateLimited", (reason) =>
            Effect.succeed(reason.retryAfter),
          ),
        ),
        tenSeconds,
      )
      assert.isTrue(SentError.isSentError(yield* Effect.flip(failing)))
      assert.isFalse(SentError.isSentError({ _tag: "SentError" }))
    }),
  )
})
