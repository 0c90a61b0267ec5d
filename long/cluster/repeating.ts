/** A runner as of `examples/shipping.ts`, whose step sends without `sendOnce`: it shows what the example prevents. */
import { SentClient } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { Effect, Layer } from "effect"
import { Engine, ShippedLive } from "@effect-sent/examples/shipping.ts"

const Repeating = Layer.mock(DurableSender.DurableSender, {
  sendOnce: (input) =>
    Effect.map(
      SentClient.SentClient.use((client) => client.sendToPhone(input)),
      (receipt) => ({ state: "accepted" as const, isRepeated: false, receipt }),
    ),
})

await ShippedLive.pipe(
  Layer.provide([Engine, Repeating, SentClient.layerEnv]),
  Layer.launch,
  Effect.runPromise,
)
