/**
 * Receives the delivery updates of a campaign in its store, while `effect-sent send` runs and for as long after it as updates come:
 *
 *     export SENT_TRACKER_SECRET=… SENT_PUBLIC_URL=https://campaigns.example.com/webhooks/sent
 *     CAMPAIGN_STORE=spring.sqlite node examples/campaign/receiver.ts
 *
 *     effect-sent send --csv people.csv --campaign spring --store spring.sqlite --template …
 *
 * It needs the credentials of the client, which it does not use.
 */
import { DeliveryTracker, SentClient } from "@effect-sent/core"
import { SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { createServer } from "node:http"

const StoreLive = SqlDeliveryStore.layer().pipe(
  Layer.provide(Sqlite.layerConfig({ filename: Config.String("CAMPAIGN_STORE") })),
)

const TrackerLive = DeliveryTracker.layerConfig({
  publicUrl: Config.URL("SENT_PUBLIC_URL"),
  secret: Config.Redacted("SENT_TRACKER_SECRET"),
}).pipe(Layer.provide(SentClient.layerEnv), Layer.provide(StoreLive))

const ServerLive = NodeHttpServer.layerConfig(createServer, {
  port: Config.Int("PORT").pipe(Config.withDefault(3000)),
})

HttpRouter.serve(DeliveryTracker.route("/webhooks/sent")).pipe(
  Layer.provide(TrackerLive),
  Layer.provide(ServerLive),
  Layer.launch,
  NodeRuntime.runMain,
)
