/**
 * `worker.ts <target> <base URL> <public URL> <lease in milliseconds> <guards> <v1 or v3>`: a process that sends what is enqueued.
 * The public URL may be empty. It prints `working`, and ends by SIGTERM as an application does.
 */
import * as SentClient from "@effect-sent/core/SentClient"
import * as SentCredentials from "@effect-sent/core/SentCredentials"
import * as SentMessages from "@effect-sent/core/SentMessages"
import * as DurableSender from "@effect-sent/durable/DurableSender"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { credentials } from "../sample.ts"
import { clientOf, secret } from "./database.ts"
import { isGuards } from "./guards.ts"

// By their paths: a process that loads everything takes seconds to start.
const [target = "", baseUrl = "", publicUrl = "", lease = "", guards = "", api = ""] =
  process.argv.slice(2)

const client =
  api === "v3"
    ? SentMessages.layerSentClient.pipe(Layer.provide(SentMessages.layer({ baseUrl })))
    : SentClient.layer({ baseUrl })

DurableSender.worker({
  concurrency: 4,
  lease: Duration.millis(Number(lease)),
  pollInterval: "50 millis",
}).pipe(
  Layer.provide(
    // The run makes the tables.
    DurableSender.layer({
      secret,
      ...(api === "v3" || publicUrl === "" ? {} : { publicUrl }),
      migrate: false,
      timeout: "30 seconds",
    }),
  ),
  Layer.provide(clientOf(target, isGuards(guards) ? guards : "all")),
  Layer.provide(client),
  Layer.provide([SentCredentials.layer(credentials), NodeHttpClient.layerUndici]),
  Layer.tap(() => Console.log("working")),
  Layer.provide(Logger.layer([])),
  Layer.launch,
  NodeRuntime.runMain,
)
