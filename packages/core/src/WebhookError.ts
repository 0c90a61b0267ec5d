/**
 * The error of a webhook call that is rejected, and its reasons.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const verified = SentWebhook.verify(
 *   { headers: {}, body: new Uint8Array() },
 *   { secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" },
 * ).pipe(
 *   Effect.as("verified"),
 *   Effect.catchReason("WebhookError", "MissingHeader", ({ header }) =>
 *     Effect.succeed(`missing ${header}`),
 *   ),
 * )
 *
 * console.assert((await Effect.runPromise(verified)) === "missing x-webhook-id")
 * ```
 */
import * as Schema from "effect/Schema"
import { InvalidOptions } from "./SentError.ts"

export { InvalidOptions } from "./SentError.ts"

/** A header of a signed call is missing or empty. */
export class MissingHeader extends Schema.TaggedError<MissingHeader>("WebhookError/MissingHeader")(
  "MissingHeader",
  { header: Schema.String },
) {
  override get message(): string {
    return `missing header ${this.header}`
  }
}

/** A header occurs more than once, so it is ambiguous what was signed. */
export class RepeatedHeader extends Schema.TaggedError<RepeatedHeader>(
  "WebhookError/RepeatedHeader",
)("RepeatedHeader", { header: Schema.String }) {
  override get message(): string {
    return `repeated header ${this.header}`
  }
}

/** No signature was made with one of the secrets over exactly these bytes. */
export class BadSignature extends Schema.TaggedError<BadSignature>("WebhookError/BadSignature")(
  "BadSignature",
  {},
) {
  override get message(): string {
    return "no signature matches: wrong secret, or the body was altered (for example parsed and re-serialised)"
  }
}

/** The timestamp is malformed, or too far in the past or the future. */
export class TimestampOutOfTolerance extends Schema.TaggedError<TimestampOutOfTolerance>(
  "WebhookError/TimestampOutOfTolerance",
)("TimestampOutOfTolerance", {}) {
  override get message(): string {
    return "the timestamp is malformed or outside the tolerance; check this machine's clock"
  }
}

/**
 * There are no raw bytes to verify: the body is absent, was read before, or was already parsed.
 *
 * **Gotchas**
 *
 * Nothing may read the body before the receiver does. In Express, register the route before `express.json()`, or pass
 * it `express.raw({ type: () => true })`: without `type`, a call without a content type has no body.
 */
export class MissingBody extends Schema.TaggedError<MissingBody>("WebhookError/MissingBody")(
  "MissingBody",
  {},
) {
  override get message(): string {
    return "the raw body is missing: nothing may read or parse it before, such as `express.json()` or `request.json()`"
  }
}

/** The signature is valid, but the body is not JSON in UTF-8. */
export class MalformedPayload extends Schema.TaggedError<MalformedPayload>(
  "WebhookError/MalformedPayload",
)("MalformedPayload", { problem: Schema.String }) {
  override get message(): string {
    return `malformed body: ${this.problem}`
  }
}

/** The reason to reject a call, in `reason`. It never holds the body, a signature or the secret. */
export class WebhookError extends Schema.TaggedError<WebhookError>("WebhookError/WebhookError")(
  "WebhookError",
  {
    reason: Schema.Union([
      MissingHeader,
      RepeatedHeader,
      BadSignature,
      TimestampOutOfTolerance,
      MissingBody,
      MalformedPayload,
      // The options are invalid; the call itself may be valid.
      InvalidOptions,
    ]),
  },
) {
  override get message(): string {
    return this.reason.message
  }
}
