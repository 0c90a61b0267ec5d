/**
 * An application that notifies people of their orders and can say what became of each message:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… PUBLIC_URL=https://app.example.com TRACKER_SECRET=… node examples/tracking.ts
 *
 *     curl localhost:3000/orders/12345/notify -H 'content-type: application/json' -d '{"phoneNumber":"+1234567890"}'
 *     curl localhost:3000/notifications/…
 *
 * Against the mock (`pnpm mock`), with PUBLIC_URL=http://127.0.0.1:3000, its magic numbers play every outcome.
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

/** Not sent, and the same request is refused again: the caller has to change it. */
export class NotNotifiable extends Schema.TaggedError<NotNotifiable>()(
  "NotNotifiable",
  { message: Schema.String },
  { httpApiStatus: 422 },
) {}

/** Not sent, through no fault of the caller's, who may safely ask again later. */
export class NotifyLater extends Schema.TaggedError<NotifyLater>()(
  "NotifyLater",
  { retryAfterSeconds: Schema.UndefinedOr(Schema.Finite) },
  { httpApiStatus: 503 },
) {}

/** `unknown`: it may be on its way; its updates tell. To ask for it once more could send it twice. */
export const Notified = Schema.Struct({
  id: Schema.String,
  delivery: Schema.Literals(["accepted", "unknown"]),
})

// In JSON, undefined is null.
const channel = Schema.UndefinedOr(Schema.String)

/** Without a status, no update has come yet. */
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
      // Any text: what a number has to look like, the library says, and so every bad one has the same answer.
      payload: Schema.Struct({ phoneNumber: Schema.String }),
      // Also when it is unknown whether it was sent: after an error, a caller would ask again.
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

/** Somebody waits for the answer: two minutes, the default, are too long, and so is a wait that the service asks for. */
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
          // A send that fails was certainly not sent; all that is left to tell is who can mend it.
          { InvalidRequest: refuse, InvalidPhoneNumber: refuse, ValidationFailed: refuse },
          (_, error) => postpone(error),
        )
        return { id, delivery }
      }),
      find: Effect.fnUntraced(function* ({ params }) {
        // Only a store can fail.
        const notification = yield* Effect.orDie(tracker.find(params.id))
        return yield* notification?.state ?? new HttpApiError.NotFound()
      }),
    })
  }),
)

const refuse = ({ message }: { readonly message: string }) => new NotNotifiable({ message })

// The balance and the like are no business of the caller's, but of the log's; no error holds a number or a key.
const postpone = (error: Pick<SentError.SentError, "retryAfter">) =>
  Effect.andThen(
    Effect.logError("a notification was not sent", error),
    new NotifyLater({
      retryAfterSeconds: error.retryAfter && Duration.toSeconds(error.retryAfter),
    }),
  )

/** In one place, so that the address that the provider calls and the route that answers are the same. */
const updatesPath = "/webhooks/sent"

const TrackerLive = Layer.unwrap(
  Effect.gen(function* () {
    const publicUrl = yield* Config.URL("PUBLIC_URL")
    return DeliveryTracker.layer({
      publicUrl: new URL(updatesPath, publicUrl),
      // Kept over restarts, so that updates of what was sent before are still taken; `store` would keep the states, too.
      secret: yield* Config.Redacted("TRACKER_SECRET"),
    })
  }),
).pipe(Layer.provide(SentClient.layerEnv))

const Routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api).pipe(Layer.provide(Handlers)),
  DeliveryTracker.route(updatesPath),
)

/** Everything but the server, so that a test can choose its port. */
export const App = HttpRouter.serve(Routes).pipe(Layer.provide(TrackerLive))

if (import.meta.main) {
  const port = Config.Port("PORT").pipe(Config.withDefault(3000))
  App.pipe(
    Layer.provide(NodeHttpServer.layerConfig(createServer, { port })),
    Layer.launch,
    NodeRuntime.runMain,
  )
}
