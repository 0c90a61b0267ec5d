import { SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Cause, DateTime, Duration, Effect, Schema } from "effect"
import { inspect } from "node:util"

interface Row {
  readonly reason: SentError.Reason
  readonly delivery: SentError.Delivery
  readonly isRetryable: boolean
  readonly message: string
}

const row = (
  reason: SentError.Reason,
  delivery: SentError.Delivery,
  isRetryable: boolean,
  message: string,
): Row => ({ reason, delivery, isRetryable, message })

const tenSeconds = Duration.seconds(10)

/** One row for each reason, and for each way that its delivery can be. */
const rows: ReadonlyArray<Row> = [
  row(
    new SentError.InvalidRequest({
      issues: [
        { path: [], message: "must be an object" },
        { path: ["messageBody", "name"], message: "must be a string" },
      ],
    }),
    "not-sent",
    false,
    "invalid request: must be an object; messageBody.name must be a string",
  ),
  row(
    new SentError.CredentialsUnavailable({ description: "apiKey is required" }),
    "not-sent",
    false,
    "no usable credentials: apiKey is required",
  ),
  row(
    new SentError.ValidationFailed({ fieldErrors: { a: ["b", "c"], d: ["e"] } }),
    "not-sent",
    false,
    "validation failed: a: b, c; d: e",
  ),
  row(
    new SentError.InvalidPhoneNumber(),
    "not-sent",
    false,
    "the service does not take the phone number",
  ),
  row(
    new SentError.TemplateNotFound(),
    "not-sent",
    false,
    "the service knows no template with this templateId",
  ),
  row(
    new SentError.InsufficientBalance({
      balance: BigDecimal.fromStringUnsafe("0.0050"),
      estimatedCost: BigDecimal.fromStringUnsafe("0.0200"),
    }),
    "not-sent",
    false,
    "insufficient balance: 0.005, estimated cost 0.02",
  ),
  row(new SentError.InsufficientBalance({}), "not-sent", false, "insufficient balance"),
  row(new SentError.BadRequest({ status: 415 }), "not-sent", false, "bad request (415)"),
  row(
    new SentError.Unauthorized({ header: "x-api-key", detail: "Header x-api-key not found" }),
    "not-sent",
    false,
    "unauthorized (401): Header x-api-key not found",
  ),
  row(new SentError.Forbidden({}), "not-sent", false, "forbidden (403)"),
  row(
    new SentError.NotFound({ detail: "Not Found" }),
    "not-sent",
    false,
    "not found (404): Not Found",
  ),
  row(
    new SentError.RateLimited({
      retryAfter: tenSeconds,
      limit: 100,
      remaining: 0,
      resetAt: DateTime.makeUnsafe(0),
    }),
    "not-sent",
    true,
    "rate limited (429): retry after 10s",
  ),
  row(
    new SentError.ServiceUnavailable({ retryAfter: tenSeconds }),
    "not-sent",
    true,
    "service unavailable (503): retry after 10s",
  ),
  row(new SentError.ServiceUnavailable({}), "unknown", true, "service unavailable (503)"),
  row(new SentError.ServerError({ status: 500 }), "unknown", true, "server error (500)"),
  row(new SentError.ServerError({ status: 501 }), "unknown", false, "server error (501)"),
  row(
    new SentError.UnexpectedResponse({ status: 307 }),
    "unknown",
    false,
    "a redirect, which is not followed (307)",
  ),
  row(
    new SentError.UnexpectedResponse({ status: 0 }),
    "unknown",
    false,
    "a redirect, which is not followed (0)",
  ),
  row(
    new SentError.UnexpectedResponse({ status: 405 }),
    "not-sent",
    false,
    "unexpected response (405)",
  ),
  row(
    new SentError.UnexpectedResponse({ status: 408 }),
    "unknown",
    true,
    "unexpected response (408)",
  ),
  row(
    new SentError.ConnectionFailed({ stage: "connect", code: "ECONNREFUSED" }),
    "not-sent",
    true,
    "no connection (connect: ECONNREFUSED)",
  ),
  row(
    new SentError.ConnectionFailed({ stage: "tls", code: "CERT_HAS_EXPIRED" }),
    "not-sent",
    false,
    "no connection (tls: CERT_HAS_EXPIRED)",
  ),
  row(
    new SentError.ConnectionLost({ code: "ECONNRESET" }),
    "unknown",
    true,
    "connection lost (ECONNRESET)",
  ),
  row(new SentError.ConnectionLost({}), "unknown", true, "connection lost"),
  row(
    new SentError.TimedOut({ delivery: "unknown", after: tenSeconds }),
    "unknown",
    true,
    "timed out after 10s",
  ),
  row(
    new SentError.TimedOut({ delivery: "not-sent", after: tenSeconds }),
    "not-sent",
    true,
    "timed out after 10s",
  ),
  row(
    new SentError.CircuitOpen({ retryAfter: tenSeconds }),
    "not-sent",
    true,
    "circuit open: retry after 10s",
  ),
]

describe("SentError", () => {
  it.each(rows)(
    "says what $reason._tag means: $message",
    ({ delivery, isRetryable, message, reason }) => {
      const error = new SentError.SentError({ reason, attempts: 1 })
      assert.strictEqual(error.delivery, delivery)
      assert.strictEqual(error.isRetryable, isRetryable)
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

  it.effect("is caught whole or by its reason", () =>
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
