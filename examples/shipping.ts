/**
 * A workflow on Effect Cluster that tells a customer that an order was shipped. Start as many runners as you like, on any machines,
 * each with a `HOST` and a `PORT` by which the others reach it, and run the workflow of an order:
 *
 *     DATABASE_URL=postgres://… SENT_SENDER_ID=… SENT_API_KEY=… SECRET=… node examples/shipping.ts
 *
 *     DATABASE_URL=postgres://… node examples/shipping.ts 12345 +1234567890
 *
 * With the mock (`pnpm mock`), set SENT_BASE_URL to its address. Kill a runner at any time: another one repeats the step in which it
 * died, and `sendOnce` keeps that from sending the message again. The cluster is an unstable part of Effect, the sender is not.
 */
import { SentClient } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Console, Effect, Layer, Schedule, Schema } from "effect"
import { ClusterWorkflowEngine } from "effect/cluster"
import { Activity, Workflow } from "effect/workflow"

const shippedTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** What is known of the message. Unknown means: the customer may have it. */
export const News = Schema.Literals(["accepted", "unknown", "not sent"])

/** An order was shipped. */
export class Shipped extends Workflow.make("Shipped", {
  payload: { order: Schema.String, phoneNumber: Schema.String },
  // The same order again is the same workflow, and the same message.
  idempotencyKey: ({ order }) => order,
  success: News,
}) {}

/** The step that sends the message. The engine repeats it if its runner dies. */
const tellCustomer = ({ order, phoneNumber }: typeof Shipped.payloadSchema.Type) =>
  Activity.make({
    name: "tell the customer",
    success: News,
    execute: Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* Effect.log(`telling the customer of order ${order}`)
      yield* sender.sendOnce(
        { phoneNumber, templateId: shippedTemplate, messageBody: { order_id: order } },
        { key: `order ${order} shipped` },
      )
      return "accepted" as const
    }).pipe(
      // Nothing was sent, and that passes: the network, a limit, the database.
      Effect.retry({
        while: (error) =>
          error._tag === "DurableSenderError" || (error._tag === "SentError" && error.isRetryable),
        schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]),
        times: 60,
      }),
      Effect.catchTags({
        // An earlier run of this step was sending it when its runner died.
        NotRepeated: ({ state }) =>
          Effect.succeed(
            state === "cancelled" || state === "expired"
              ? ("not sent" as const)
              : ("unknown" as const),
          ),
        SentError: ({ delivery }) =>
          Effect.succeed(delivery === "unknown" ? ("unknown" as const) : ("not sent" as const)),
      }),
      Effect.orDie,
    ),
  })

/** What a runner does. It needs a sender and a client, whose layers a test can choose. */
export const ShippedLive = Shipped.toLayer((payload) => tellCustomer(payload))

const Database = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })

/** Runs workflows for others. */
export const Engine = ClusterWorkflowEngine.layer.pipe(
  Layer.provide(NodeClusterSocket.layer()),
  Layer.provide(Database),
)

/** Asks the runners to run workflows. */
const Client = ClusterWorkflowEngine.layer.pipe(
  Layer.provide(NodeClusterSocket.layer({ clientOnly: true })),
  Layer.provide(Database),
)

const Sender = Layer.unwrap(
  Effect.map(Config.Redacted("SECRET"), (secret) => DurableSender.layer({ secret })),
).pipe(Layer.provide(Database))

if (import.meta.main) {
  const [order, phoneNumber = ""] = process.argv.slice(2)
  const program =
    order === undefined
      ? Layer.launch(ShippedLive.pipe(Layer.provide([Engine, Sender, SentClient.layerEnv])))
      : Shipped.execute({ order, phoneNumber }).pipe(
          Effect.flatMap(Console.log),
          Effect.provide(Client),
        )
  NodeRuntime.runMain(program)
}
