/**
 * Why a call of the provider is not accepted.
 */
import * as Schema from "effect/Schema"

/**
 * A header that a signed request has is not there, or is empty.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * const reason = new WebhookError.MissingHeader({ header: "x-webhook-signature" })
 * console.assert(reason.message === "the header x-webhook-signature is missing")
 * ```
 */
export class MissingHeader extends Schema.TaggedError<MissingHeader>("WebhookError/MissingHeader")(
  "MissingHeader",
  { header: Schema.String },
) {
  override get message(): string {
    return `the header ${this.header} is missing`
  }
}

/**
 * A header is there more than once, so that it is not clear what was signed.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * const reason = new WebhookError.RepeatedHeader({ header: "x-webhook-id" })
 * console.assert(reason.message === "the header x-webhook-id is there more than once")
 * ```
 */
export class RepeatedHeader extends Schema.TaggedError<RepeatedHeader>(
  "WebhookError/RepeatedHeader",
)("RepeatedHeader", { header: Schema.String }) {
  override get message(): string {
    return `the header ${this.header} is there more than once`
  }
}

/**
 * None of the signatures was made with one of the secrets over these very bytes.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * console.assert(new WebhookError.BadSignature().message.startsWith("no signature fits"))
 * ```
 */
export class BadSignature extends Schema.TaggedError<BadSignature>("WebhookError/BadSignature")(
  "BadSignature",
  {},
) {
  override get message(): string {
    return "no signature fits; the secret is another, or the body was changed on its way, e.g. parsed and printed again"
  }
}

/**
 * The request was signed too long ago, or in the future, or its timestamp is no number.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * console.assert(new WebhookError.TimestampOutOfTolerance().message.includes("timestamp"))
 * ```
 */
export class TimestampOutOfTolerance extends Schema.TaggedError<TimestampOutOfTolerance>(
  "WebhookError/TimestampOutOfTolerance",
)("TimestampOutOfTolerance", {}) {
  override get message(): string {
    return "the timestamp is no Unix time of about now; check this machine's clock"
  }
}

/**
 * The signature is good and the body is not JSON in UTF-8.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * const reason = new WebhookError.MalformedPayload({ problem: "it is not UTF-8" })
 * console.assert(reason.message === "the body cannot be read: it is not UTF-8")
 * ```
 */
export class MalformedPayload extends Schema.TaggedError<MalformedPayload>(
  "WebhookError/MalformedPayload",
)("MalformedPayload", { problem: Schema.String }) {
  override get message(): string {
    return `the body cannot be read: ${this.problem}`
  }
}

/**
 * A secret of your own is not one: the options are wrong, and not the request.
 *
 * @example
 * ```ts
 * import { WebhookError } from "@effect-sent/core"
 *
 * console.assert(new WebhookError.InvalidSecret().message.includes("whsec_"))
 * ```
 */
export class InvalidSecret extends Schema.TaggedError<InvalidSecret>("WebhookError/InvalidSecret")(
  "InvalidSecret",
  {},
) {
  override get message(): string {
    return "a webhook secret must be `whsec_` and the base64 of the key, as the provider shows it"
  }
}

/**
 * Why a call is not taken. `reason` says which; it never holds the body, a signature or the secret.
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
 *     Effect.succeed(`no ${header}`),
 *   ),
 * )
 *
 * console.assert((await Effect.runPromise(verified)) === "no x-webhook-id")
 * ```
 */
export class WebhookError extends Schema.TaggedError<WebhookError>("WebhookError/WebhookError")(
  "WebhookError",
  {
    reason: Schema.Union([
      MissingHeader,
      RepeatedHeader,
      BadSignature,
      TimestampOutOfTolerance,
      MalformedPayload,
      InvalidSecret,
    ]),
  },
) {
  override get message(): string {
    return this.reason.message
  }
}
