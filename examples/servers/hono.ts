/**
 * Receives all updates of an account in Hono, on any runtime: Node, Bun, Deno, Cloudflare Workers.
 *
 *     SENT_WEBHOOK_SECRET=whsec_… bun examples/servers/hono.ts
 */
import { SentWebhook } from "@effect-sent/core"
import { Config, Effect } from "effect"
import { Hono } from "hono"

const updates = await Effect.gen(function* () {
  const secret = yield* Config.Redacted("SENT_WEBHOOK_SECRET")
  return yield* SentWebhook.toWebHandler({
    secret,
    handle: (event) => Effect.log(`a ${event._tag} event`),
  })
}).pipe(Effect.runPromise)

const app = new Hono()
// The raw request: after `c.req.json()`, its body could not be verified.
app.post("/webhooks/sent", (c) => updates(c.req.raw))

export default app
