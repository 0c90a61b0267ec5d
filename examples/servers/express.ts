/**
 * Receives all updates of an account in Express 5. `toNodeHandler` reads the raw body, so the route comes before
 * `express.json()`.
 *
 *     SENT_WEBHOOK_SECRET=whsec_… node examples/servers/express.ts
 */
import { SentWebhook } from "@effect-sent/core"
import { Config, Effect } from "effect"
import express from "express"

const updates = await Effect.gen(function* () {
  const secret = yield* Config.Redacted("SENT_WEBHOOK_SECRET")
  return yield* SentWebhook.toNodeHandler({
    secret,
    handle: (event) => Effect.log(`a ${event._tag} event`),
  })
}).pipe(Effect.runPromise)

export const app: express.Express = express()
app.post("/webhooks/sent", updates)
app.use(express.json())
app.post("/orders", (request, response) => {
  response.json(request.body)
})

if (import.meta.main) app.listen(3000)
