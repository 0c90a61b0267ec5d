/**
 * The callback URLs of `DeliveryTracker`, for messages that something else sends: the updates that arrive at them are received by
 * a tracker with the same `publicUrl` and `secret`.
 *
 * @example
 * ```ts
 * import { CallbackUrl } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const token = await Effect.gen(function* () {
 *   const urls = yield* CallbackUrl.make({
 *     publicUrl: "https://app.example.com/webhooks/sent",
 *     secret: "a random secret of at least 32 characters",
 *   })
 *   return yield* urls.read("/webhooks/sent?sig=AAAA")
 * }).pipe(Effect.runPromise)
 * console.assert(token === "forged")
 * ```
 */
import * as Effect from "effect/Effect"
import type { Options } from "./DeliveryTracker.ts"
import * as Kind from "./internal/options.ts"
import {
  type CallbackUrls,
  makeCallbackUrls,
  publicUrl,
  secret,
} from "./internal/updates/callbackUrl.ts"
import type { SentError } from "./SentError.ts"

export type { CallbackUrls } from "./internal/updates/callbackUrl.ts"

/** What the URLs are made of. Both are those of the tracker. */
export interface CallbackOptions {
  readonly publicUrl: NonNullable<Options["publicUrl"]>
  readonly secret: NonNullable<Options["secret"]>
}

/**
 * Makes the URLs of a tracker. Fails with the reason `InvalidOptions` if an option is invalid.
 *
 * **Details**
 *
 * The `id` of a URL is the id of the send, by which the tracker and its `DeliveryStore` find the updates.
 *
 * @example
 * ```ts
 * import { CallbackUrl } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const urls = yield* CallbackUrl.make({
 *     publicUrl: "https://app.example.com/webhooks/sent",
 *     secret: "a random secret of at least 32 characters",
 *   })
 *   return yield* urls.make(60_000)
 * })
 *
 * const { url } = await Effect.runPromise(program)
 * console.assert(url.startsWith("https://app.example.com/webhooks/sent?sig="))
 * ```
 */
export const make = Effect.fnUntraced(function* (
  options: CallbackOptions,
): Effect.fn.Return<CallbackUrls, SentError> {
  yield* Kind.checkOptions(callbackOptions, options)
  return yield* makeCallbackUrls(options.publicUrl, options.secret)
})

const callbackOptions: Kind.Kind = Kind.struct<CallbackOptions>({
  publicUrl: Kind.required(publicUrl),
  secret: Kind.required(secret),
})
