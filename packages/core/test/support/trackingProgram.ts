/**
 * A program of its own that sends one message and follows it; or that is given the id of a send, and says what becomes
 * of that one. It ends with its standard input at the latest.
 *
 *     node trackingProgram.ts <base URL> <port, or 0> <folder of its store, or "memory"> [<id>]
 *
 * It prints `listening <port>`, and then `sent <id>`; or `known` and, when that is final, the state; or `unknown` and,
 * when the input has ended, the state. A state is `state <status>: <step> <step> …`.
 */
import {
  type DeliveryStatus,
  DeliveryStore,
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  SentCredentials,
} from "@effect-sent/core"
import { NodeHttpServer, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Logger } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { KeyValueStore } from "effect/persistence"
import { once } from "node:events"
import { createServer } from "node:http"
import { credentials, sample } from "@effect-sent/faults/sample"

const [baseUrl = "", port = "", folder = "", id] = process.argv.slice(2)

const { webhookUrl: _, ...input } = sample

const path = "/hooks/sent"

const makeTracker = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  return DeliveryTracker.layer({
    publicUrl: HttpServer.formatAddress(address) + path,
    // The same in every process, as if it came from the environment.
    secret: "a secret of the tests, long enough to sign with",
  })
})

const Store: Layer.Layer<DeliveryStore.DeliveryStore, unknown> =
  folder === "memory"
    ? DeliveryStore.layerMemory()
    : DeliveryStore.layerKeyValueStore.pipe(
        Layer.provide(KeyValueStore.layerFileSystem(folder)),
        Layer.provide(NodeServices.layer),
      )

const App = HttpRouter.serve(DeliveryTracker.route(path), {
  disableLogger: true,
  disableListenLog: true,
}).pipe(
  Layer.provideMerge(Layer.unwrap(makeTracker)),
  Layer.provide(
    SentClient.layer({ baseUrl, retryPolicy: RetryPolicy.none }).pipe(
      Layer.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
    ),
  ),
  Layer.provide(Store),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { port: Number(port), host: "127.0.0.1" })),
  // Its output is for the test.
  Layer.provide(Logger.layer([])),
)

const inputEnded = Effect.promise(() => once(process.stdin.resume(), "end"))

const print = ({ status, steps }: DeliveryStatus.State) =>
  Console.log(`state ${status}: ${steps.map((step) => step.status).join(" ")}`)

const sendOne = Effect.gen(function* () {
  const sent = yield* DeliveryTracker.sendToPhone({ ...input, phoneNumber: "+15005552040" })
  yield* Console.log(`sent ${sent.id}`)
  yield* inputEnded
})

const follow = Effect.fnUntraced(function* (sentBefore: string) {
  const tracker = yield* DeliveryTracker.DeliveryTracker
  const found = yield* tracker.find(sentBefore)
  if (found === undefined) {
    yield* Console.log("unknown")
    yield* inputEnded
    const late = yield* tracker.find(sentBefore)
    yield* late === undefined ? Console.log("still unknown") : Effect.flatMap(late.state, print)
  } else {
    yield* Console.log("known")
    yield* Effect.race(Effect.flatMap(found.awaitFinal(), print), inputEnded)
  }
})

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  yield* Console.log(`listening ${new URL(HttpServer.formatAddress(address)).port}`)
  yield* id === undefined ? sendOne : follow(id)
})

await Effect.runPromise(Effect.provide(program, App))
// The input may still be open.
process.exit()
