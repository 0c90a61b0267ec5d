/**
 * Receives all updates of an account in Next.js: `app/webhooks/sent/route.ts`.
 *
 * The handler is made with the first call and kept: `next build` loads this module without the secret.
 */
import { SentWebhook } from "@effect-sent/core"
import { Config, Effect } from "effect"

// Node has the faster HMAC; the edge runtime works too.
export const runtime = "nodejs"

const make = Effect.gen(function* () {
  const secret = yield* Config.Redacted("SENT_WEBHOOK_SECRET")
  return yield* SentWebhook.toWebHandler({
    secret,
    handle: (event) => Effect.log(`a ${event._tag} event`),
  })
})

let handler: Promise<SentWebhook.WebHandler> | undefined

export const POST = async (request: Request): Promise<Response> => {
  handler ??= Effect.runPromise(make)
  return (await handler)(request)
}
