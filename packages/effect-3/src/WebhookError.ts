/**
 * The error of a webhook call that is rejected, and its reasons.
 *
 * @example
 * ```ts
 * import { SentWebhook } from "@effect-sent/effect-3"
 * import { Effect } from "effect"
 *
 * const verified = SentWebhook.verify(
 *   { headers: {}, body: new Uint8Array() },
 *   { secret: "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=" },
 * ).pipe(
 *   Effect.as("verified"),
 *   Effect.catchTag("WebhookError", ({ reason }) => Effect.succeed(reason._tag)),
 * )
 *
 * console.assert((await Effect.runPromise(verified)) === "MissingHeader")
 * ```
 */
import { webhookWordsOf } from "@effect-sent/facade/Updates"
import { taggedError, type TaggedErrorClass } from "./internal/taggedError.ts"
import { plainTagged } from "./internal/bridge/values.ts"
import type { InvalidOptions } from "./internal/reason.ts"

export { InvalidOptions } from "./internal/reason.ts"

/** Makes the base class of a reason, whose words are core's. */
const reason = <Tag extends string>(tag: Tag): TaggedErrorClass<Tag> => {
  const Base = taggedError(tag)
  Object.defineProperty(Base.prototype, "message", {
    configurable: true,
    get(this: object & { readonly _tag: string }) {
      return webhookWordsOf(plainTagged(this))
    },
  })
  return Base
}

/** A header of a signed call is missing or empty. */
export class MissingHeader extends reason("MissingHeader")<{ readonly header: string }> {}

/** A header occurs more than once, so it is ambiguous what was signed. */
export class RepeatedHeader extends reason("RepeatedHeader")<{ readonly header: string }> {}

/** No signature was made with one of the secrets over exactly these bytes. */
export class BadSignature extends reason("BadSignature") {}

/** The timestamp is malformed, or too far in the past or the future. */
export class TimestampOutOfTolerance extends reason("TimestampOutOfTolerance") {}

/**
 * There are no raw bytes to verify: the body is absent, was read before, or was already parsed.
 *
 * **Gotchas**
 *
 * Nothing may read the body before the receiver does.
 */
export class MissingBody extends reason("MissingBody") {}

/** The signature is valid, but the body is not JSON in UTF-8. */
export class MalformedPayload extends reason("MalformedPayload")<{ readonly problem: string }> {}

/** Why a call is rejected, or why there is no receiver. */
export type WebhookReason =
  | MissingHeader
  | RepeatedHeader
  | BadSignature
  | TimestampOutOfTolerance
  | MissingBody
  | MalformedPayload
  // The options are invalid; the call itself may be valid.
  | InvalidOptions

/** The reason to reject a call, in `reason`. It never holds the body, a signature or the secret. */
export class WebhookError extends taggedError("WebhookError")<{
  readonly reason: WebhookReason
}> {
  override get message(): string {
    return this.reason.message
  }
}
