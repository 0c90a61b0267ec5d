/**
 * The layers of one application, each a constant with a name. A layer that two others need is built once:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… PUBLIC_URL=https://app.example.com/webhooks/sent TRACKER_SECRET=… \
 *       DATABASE_FILE=app.sqlite OTLP_URL=http://localhost:4318 node examples/application.ts
 *
 *     curl localhost:3000/orders/12345/notify -X POST -d +1234567890
 */
import {
  CircuitBreak,
  DeliveryTracker,
  RateLimit,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer } from "effect"
import { FetchHttpClient, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Otlp } from "effect/observability"
import { createServer } from "node:http"

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/** SENT_SENDER_ID and SENT_API_KEY. */
export const Credentials = SentCredentials.layerConfig()

/** A client of its own, so that nothing that wraps another one repeats a message. */
export const MessageHttp = NodeHttpClient.layerUndici

export const Client = SentClient.layerConfig({
  timeout: "10 seconds",
  rateLimit: RateLimit.make({ limit: 10, window: "1 second" }),
  circuitBreak: CircuitBreak.make(),
}).pipe(Layer.provide([Credentials, MessageHttp]))

// -----------------------------------------------------------------------------
// Delivery updates
// -----------------------------------------------------------------------------

export const Database = Sqlite.layerConfig({ filename: Config.String("DATABASE_FILE") })

export const Store = SqlDeliveryStore.layer().pipe(Layer.provide(Database))

export const Tracker = DeliveryTracker.layerConfig({
  publicUrl: Config.URL("PUBLIC_URL"),
  secret: Config.Redacted("TRACKER_SECRET"),
}).pipe(Layer.provide([Client, Store]))

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

const Notify = HttpRouter.add(
  "POST",
  "/orders/:id/notify",
  Effect.gen(function* () {
    const { id = "" } = yield* HttpRouter.params
    const request = yield* HttpServerRequest.HttpServerRequest
    const send = yield* DeliveryTracker.sendToPhone(
      {
        phoneNumber: yield* request.text,
        templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
        messageBody: { order_id: id },
      },
      { reference: `order ${id}`, deadline: "10 seconds" },
    )
    return HttpServerResponse.jsonUnsafe({ delivery: send.delivery }, { status: 202 })
  }).pipe(
    Effect.catchTag("SentError", (error) =>
      Effect.as(
        Effect.logError(error),
        HttpServerResponse.empty({ status: error.mendedBy === "recipient" ? 422 : 503 }),
      ),
    ),
  ),
)

const Updates = DeliveryTracker.route("/webhooks/sent")

/** Everything but what listens and what observes, so that a test can choose both. */
export const App = HttpRouter.serve(Layer.mergeAll(Notify, Updates)).pipe(Layer.provide(Tracker))

const Server = NodeHttpServer.layerConfig(createServer, {
  port: Config.Port("PORT").pipe(Config.withDefault(3000)),
})

const TelemetryHttp = FetchHttpClient.layer

const Telemetry = Layer.unwrap(
  Effect.map(Config.String("OTLP_URL"), (baseUrl) =>
    Otlp.layerJson({ baseUrl, resource: { serviceName: "shop" } }),
  ),
).pipe(Layer.provide(TelemetryHttp))

export const Main = App.pipe(Layer.provide([Server, Telemetry]))

if (import.meta.main) NodeRuntime.runMain(Layer.launch(Main))
