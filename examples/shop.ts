/**
 * A shop that confirms each order by a message, which is enqueued in the transaction of the order:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… PUBLIC_URL=https://shop.example.com SHOP_SECRET=… node examples/shop.ts
 *
 *     curl localhost:3000/orders/12345 -X PUT -H 'content-type: application/json' \
 *       -d '{"phoneNumber":"+1234567890","cents":4200}'
 *     curl localhost:3000/orders/12345
 *
 * With the mock (`pnpm mock`), set SENT_BASE_URL to its address and PUBLIC_URL to http://127.0.0.1:3000. Kill the process at any
 * time: no order is without its message, and no message is sent twice.
 */
import { DeliveryTracker, SentClient } from "@effect-sent/core"
import { DurableSender, SqlDeliveryStore, Sqlite } from "@effect-sent/durable"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { SqlClient } from "effect/sql"
import { createServer } from "node:http"

const orderTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** An order, as a customer places it. */
export const Order = Schema.Struct({
  phoneNumber: Schema.String,
  cents: Schema.Int.check(Schema.isGreaterThan(0)),
})

/** The caller's key: the same order again is the same message. */
const keyOf = (id: string) => `order ${id} placed`

/** Stores an order and enqueues its message: both, or neither. A customer who clicks twice places one order. */
export const placeOrder = Effect.fn("placeOrder")(function* (
  id: string,
  { cents, phoneNumber }: typeof Order.Type,
) {
  const sql = yield* SqlClient.SqlClient
  const sender = yield* DurableSender.DurableSender
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`insert into orders ${sql.insert({ id, cents })} on conflict do nothing`
      yield* sender.enqueue(
        {
          phoneNumber,
          templateId: orderTemplate,
          messageBody: { order_id: id, total: (cents / 100).toFixed(2) },
        },
        // News of yesterday's order helps nobody.
        { key: keyOf(id), reference: id, notAfter: Date.now() + 24 * 3_600_000 },
      )
    }),
  )
})

const answer = (status: number, text: string) =>
  Effect.succeed(HttpServerResponse.text(text, { status }))

const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "PUT",
    "/orders/:id",
    Effect.gen(function* () {
      const { id = "" } = yield* HttpRouter.params
      yield* placeOrder(id, yield* HttpServerRequest.schemaBodyJson(Order))
      return HttpServerResponse.empty({ status: 204 })
    }).pipe(
      Effect.catchReason("SentError", "InvalidRequest", ({ message }) => answer(422, message)),
      Effect.catchTag("KeyConflict", () => answer(409, "there is another order with this id")),
      Effect.catchTag("SchemaError", () => answer(422, "not an order")),
    ),
  ),
  HttpRouter.route(
    "GET",
    "/orders/:id",
    Effect.gen(function* () {
      const { id = "" } = yield* HttpRouter.params
      const sender = yield* DurableSender.DurableSender
      const send = yield* sender.find(keyOf(id))
      return send === undefined
        ? HttpServerResponse.empty({ status: 404 })
        : HttpServerResponse.jsonUnsafe({ message: send.state, attempts: send.attempts })
    }),
  ),
])

const Tables = Layer.effectDiscard(
  SqlClient.SqlClient.use(
    (sql) => sql`create table if not exists orders (id text primary key, cents integer not null)`,
  ),
)

/** The path of both the callback URLs and the route that receives the updates. */
const updatesPath = "/webhooks/sent"

/** Everything except the server, so that a test can choose its port. */
export const App = Layer.unwrap(
  Effect.gen(function* () {
    const secret = yield* Config.Redacted("SHOP_SECRET")
    const publicUrl = new URL(updatesPath, yield* Config.URL("PUBLIC_URL"))
    const filename = yield* Config.String("SHOP_FILE").pipe(Config.withDefault("shop.sqlite"))
    return HttpRouter.serve(Layer.mergeAll(Routes, DeliveryTracker.route(updatesPath))).pipe(
      Layer.provide(DurableSender.worker()),
      Layer.provide([
        DurableSender.layer({ secret, publicUrl }),
        // Receives the updates, which settle what is unknown.
        DeliveryTracker.layer({ secret, publicUrl }).pipe(Layer.provide(SqlDeliveryStore.layer())),
        Tables,
      ]),
      Layer.provide(SentClient.layerEnv),
      Layer.provide(Sqlite.layer({ filename })),
    )
  }),
)

if (import.meta.main) {
  const port = Config.Port("PORT").pipe(Config.withDefault(3000))
  App.pipe(
    Layer.provide(NodeHttpServer.layerConfig(createServer, { port })),
    Layer.launch,
    NodeRuntime.runMain,
  )
}
