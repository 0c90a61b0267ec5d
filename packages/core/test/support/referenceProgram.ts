/**
 * A program of its own that sends a message with a reference, or says what is known of the sends with that reference.
 *
 *     node referenceProgram.ts send|find <base URL> <folder of its store> <reference>
 *
 * It prints one line: for `find`, the deliveries and whether `unknown` lists them, as JSON.
 */
import {
  DeliveryStore,
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import { credentials, sample } from "@effect-sent/faults/sample"

const [mode = "", baseUrl = "", folder = "", reference = ""] = process.argv.slice(2)

const { webhookUrl: _, ...input } = sample

const Tracker = DeliveryTracker.layer({
  publicUrl: "https://app.example.com/hooks/sent",
  secret: "a secret of the tests, long enough to sign with",
}).pipe(
  Layer.provide(
    SentClient.layer({ baseUrl, retryPolicy: RetryPolicy.none }).pipe(
      Layer.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
    ),
  ),
  Layer.provide(DeliveryStore.layerKeyValueStore),
  Layer.provide(KeyValueStore.layerFileSystem(folder)),
  Layer.provide(NodeServices.layer),
)

const find = Effect.gen(function* () {
  const tracker = yield* DeliveryTracker.DeliveryTracker
  const sends = yield* tracker.findByReference(reference)
  const unknown = yield* Stream.runCollect(tracker.unknown({ olderThan: 0 }))
  yield* Console.log(
    JSON.stringify({
      deliveries: sends.map(({ delivery }) => delivery),
      unknown: unknown.map((send) => send.reference),
    }),
  )
})

const program: Effect.Effect<void, unknown, DeliveryTracker.DeliveryTracker> =
  mode === "send" ? Effect.asVoid(DeliveryTracker.sendToPhone(input, { reference })) : find

await program.pipe(Effect.provide(Tracker), Effect.runPromise)
