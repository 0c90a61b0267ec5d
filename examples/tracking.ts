/**
 * An application that notifies customers about their orders and reports the delivery status of each notification:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… PUBLIC_URL=https://app.example.com TRACKER_SECRET=… node examples/tracking.ts
 *
 *     curl localhost:3000/orders/12345/notify -H 'content-type: application/json' -d '{"phoneNumber":"+1234567890"}'
 *     curl localhost:3000/notifications/…
 *
 * With the mock (`pnpm mock`) and PUBLIC_URL=http://127.0.0.1:3000, magic numbers play every outcome.
 */
import {
  DeliveryStatus,
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  type SentError,
} from "@effect-sent/core"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Duration, Effect, Layer, Schema } from "effect"
import { HttpRouter } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiSchema,
} from "effect/http-api"
import { createServer } from "node:http"

/** The notification was not sent, and the same request would fail again: the caller has to change it. */
export class NotNotifiable extends Schema.TaggedError<NotNotifiable>()(
  "NotNotifiable",
  { message: Schema.String },
  { httpApiStatus: 422 },
) {}

/** The notification was not sent, but the request is valid: the caller may safely repeat it later. */
export class NotifyLater extends Schema.TaggedError<NotifyLater>()(
  "NotifyLater",
  { retryAfterSeconds: Schema.UndefinedOr(Schema.Finite) },
  { httpApiStatus: 503 },
) {}

/** With `unknown`, the message may have been sent: its updates will tell. Repeating the request could send it twice. */
export const Notified = Schema.Struct({
  id: Schema.String,
  delivery: Schema.Literals(["accepted", "unknown"]),
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

export const Api = HttpApi.make("orders").add(
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

const orderTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** A caller waits for the answer: the default deadline of two minutes is too long, and so is a long `Retry-After`. */
const inAHurry: SentClient.SendOptions = {
  deadline: "10 seconds",
  retryPolicy: RetryPolicy.make({ maxRetryAfter: "5 seconds" }),
}

const Handlers = HttpApiBuilder.group(
  Api,
  "notifications",
  Effect.fnUntraced(function* (handlers) {
    const tracker = yield* DeliveryTracker.DeliveryTracker

    const send = (phoneNumber: string, orderId: string) =>
      tracker.sendToPhone(
        { phoneNumber, templateId: orderTemplate, messageBody: { order_id: orderId } },
        inAHurry,
      )

    return handlers.handleAll({
      notify: Effect.fnUntraced(function* ({ params, payload }) {
        const { delivery, id } = yield* Effect.catchReasons(
          send(payload.phoneNumber, params.orderId),
          "SentError",
          // A failed send of the tracker was certainly not sent. It only matters whether the caller can fix it.
          { InvalidRequest: refuse, InvalidPhoneNumber: refuse, ValidationFailed: refuse },
          (_, error) => postpone(error),
        )
        return { id, delivery }
      }),
      find: Effect.fnUntraced(function* ({ params }) {
        // Only a persistent store can fail.
        const notification = yield* Effect.orDie(tracker.find(params.id))
        return yield* notification?.state ?? new HttpApiError.NotFound()
      }),
    })
  }),
)

const refuse = ({ message }: { readonly message: string }) => new NotNotifiable({ message })

// Details such as the balance are logged, not sent to the caller. No error contains a phone number or a key.
const postpone = (error: Pick<SentError.SentError, "retryAfter">) =>
  Effect.andThen(
    Effect.logError("a notification was not sent", error),
    new NotifyLater({
      retryAfterSeconds: error.retryAfter && Duration.toSeconds(error.retryAfter),
    }),
  )

/** The path of both the callback URL and the route. */
const updatesPath = "/webhooks/sent"

const TrackerLive = DeliveryTracker.layerConfig({
  publicUrl: Config.map(Config.URL("PUBLIC_URL"), (url) => new URL(updatesPath, url)),
  // The same after a restart, so that updates of earlier messages are still accepted. A `DeliveryStore` keeps their states too.
  secret: Config.Redacted("TRACKER_SECRET"),
}).pipe(Layer.provide(SentClient.layerEnv))

const Routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api).pipe(Layer.provide(Handlers)),
  DeliveryTracker.route(updatesPath),
)

/** Everything except the server, so that a test can choose its port. */
export const App = HttpRouter.serve(Routes).pipe(Layer.provide(TrackerLive))

if (import.meta.main) {
  const port = Config.Port("PORT").pipe(Config.withDefault(3000))
  App.pipe(
    Layer.provide(NodeHttpServer.layerConfig(createServer, { port })),
    Layer.launch,
    NodeRuntime.runMain,
  )
}
