/**
 * A storefront that welcomes people who sign up, notifies customers about their orders, and reports what became of each
 * notification:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… PUBLIC_URL=https://app.example.com TRACKER_SECRET=… node examples/storefront.ts
 *
 *     curl localhost:3000/signups -H 'content-type: application/json' -d '{"name":"John","phoneNumber":"+1234567890"}'
 *     curl localhost:3000/orders/12345/notify -H 'content-type: application/json' -d '{"phoneNumber":"+1234567890"}'
 *     curl localhost:3000/notifications/…
 *
 * With the mock (`pnpm mock`) and PUBLIC_URL=http://127.0.0.1:3000, magic numbers play every outcome. At SIGTERM, the server
 * takes no more requests, and what is on the wire ends.
 */
import { DeliveryStatus, DeliveryTracker, RetryPolicy, SentClient } from "@effect-sent/core"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiSchema,
} from "effect/http-api"
import { createServer } from "node:http"
import { Delivery, NotifyLater, NotNotifiable, orUnknown, refuse, words } from "./failures.ts"

/** Also when it is unknown whether the message was sent: its updates will tell. */
export const Notified = Schema.Struct({
  id: Schema.String,
  delivery: Delivery,
})

// JSON encodes undefined as null.
const channel = Schema.UndefinedOr(Schema.String)

/** The status is undefined until the first update arrives. */
export const Notification = Schema.Struct({
  status: Schema.UndefinedOr(DeliveryStatus.MessageStatus),
  channel,
  isFinal: Schema.Boolean,
  steps: Schema.Array(
    Schema.Struct({ status: DeliveryStatus.MessageStatus, at: Schema.DateTimeUtc, channel }),
  ),
})

export const Api = HttpApi.make("storefront").add(
  HttpApiGroup.make("people").add(
    HttpApiEndpoint.post("signUp", "/signups", {
      payload: Schema.Struct({ name: Schema.String, phoneNumber: Schema.String }),
      success: Schema.Struct({ delivery: Delivery, words: Schema.String }).pipe(
        HttpApiSchema.status(202),
      ),
      error: [NotNotifiable, NotifyLater],
    }),
  ),
  HttpApiGroup.make("notifications").add(
    HttpApiEndpoint.post("notify", "/orders/:orderId/notify", {
      params: { orderId: Schema.NonEmptyString },
      // Any string: the library validates the number, so that every invalid one has the same answer.
      payload: Schema.Struct({ phoneNumber: Schema.String }),
      // Also when it is unknown whether the message was sent: after an error, a caller would repeat the request.
      success: Notified.pipe(HttpApiSchema.status(202)),
      error: [NotNotifiable, NotifyLater],
    }),
    HttpApiEndpoint.get("find", "/notifications/:id", {
      params: { id: Schema.String },
      success: Notification,
      error: HttpApiError.NotFound,
    }),
  ),
)

const welcomeTemplate = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"

const orderTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** A caller waits for the answer: the default deadline of two minutes is too long, and so is a long `Retry-After`. */
const inAHurry: SentClient.SendOptions = {
  deadline: "10 seconds",
  retryPolicy: RetryPolicy.make({ maxRetryAfter: "5 seconds" }),
}

const People = HttpApiBuilder.group(
  Api,
  "people",
  Effect.fnUntraced(function* (handlers) {
    const client = yield* SentClient.SentClient
    return handlers.handleAll({
      signUp: Effect.fnUntraced(function* ({ payload: { name, phoneNumber } }) {
        const welcome = { phoneNumber, templateId: welcomeTemplate, messageBody: { name } }
        const delivery = yield* client
          .sendToPhone(welcome, inAHurry)
          .pipe(Effect.as("accepted" as const), Effect.catchTag("SentError", orUnknown))
        return { delivery, words: words[delivery] }
      }),
    })
  }),
)

const Notifications = HttpApiBuilder.group(
  Api,
  "notifications",
  Effect.fnUntraced(function* (handlers) {
    const tracker = yield* DeliveryTracker.DeliveryTracker

    return handlers.handleAll({
      notify: Effect.fnUntraced(function* ({ params, payload: { phoneNumber } }) {
        const confirmation = {
          phoneNumber,
          templateId: orderTemplate,
          messageBody: { order_id: params.orderId },
        }
        // The tracker follows a send that is unknown, so a failed one was certainly not sent.
        return yield* tracker.sendToPhone(confirmation, inAHurry).pipe(
          Effect.map(({ delivery, id }) => ({ delivery, id })),
          Effect.catchTag("SentError", refuse),
        )
      }),
      find: Effect.fnUntraced(function* ({ params }) {
        // Only a persistent store can fail.
        const notification = yield* Effect.orDie(tracker.find(params.id))
        return yield* notification?.state ?? new HttpApiError.NotFound()
      }),
    })
  }),
)

/** The path of both the callback URL and the route. */
const updatesPath = "/webhooks/sent"

const TrackerLive = DeliveryTracker.layerConfig({
  publicUrl: Config.map(Config.URL("PUBLIC_URL"), (url) => new URL(updatesPath, url)),
  // The same after a restart, so that updates of earlier messages are still accepted. A `DeliveryStore` keeps their states too.
  secret: Config.Redacted("TRACKER_SECRET"),
})

/** A form to sign up, which shows what the API has to say to the person. */
const page = `<!doctype html>
<html lang="en">
<title>Sign up</title>
<form>
  <label>Name <input name="name" required></label>
  <label>Phone number <input name="phoneNumber" type="tel" required></label>
  <button>Sign up</button>
  <p role="status"></p>
</form>
<script>
  const form = document.querySelector("form")
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const body = JSON.stringify(Object.fromEntries(new FormData(form)))
    const headers = { "content-type": "application/json" }
    const response = await fetch("/signups", { method: "POST", headers, body })
    document.querySelector("[role=status]").textContent = (await response.json()).words
  })
</script>
</html>`

const Routes = Layer.mergeAll(
  HttpRouter.add("GET", "/", HttpServerResponse.html(page)),
  HttpApiBuilder.layer(Api).pipe(Layer.provide([People, Notifications])),
  DeliveryTracker.route(updatesPath),
)

/** Everything except the server, so that a test can choose its port. */
export const App = HttpRouter.serve(Routes).pipe(
  Layer.provide(TrackerLive),
  // One client for both: they share what protects the key and the service.
  Layer.provide(SentClient.layerEnv),
)

if (import.meta.main) {
  const port = Config.Port("PORT").pipe(Config.withDefault(3000))
  App.pipe(
    Layer.provide(NodeHttpServer.layerConfig(createServer, { port })),
    Layer.launch,
    NodeRuntime.runMain,
  )
}
