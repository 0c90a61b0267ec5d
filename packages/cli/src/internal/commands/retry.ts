/** `effect-sent retry`: sends again what was certainly not sent. */
import { DurableSender } from "@effect-sent/durable"
import { Console, Effect, Stream } from "effect"
import { Command } from "effect/cli"
import { callbacksOf } from "../campaign/callbacks.ts"
import { campaignLayer } from "../campaign/campaign.ts"
import { counted } from "../campaign/plan.ts"
import { placeOf } from "../campaign/store.ts"
import { clientLayer } from "../client.ts"
import { usage } from "../ended.ts"
import * as Shared from "./flags.ts"
import { run } from "./run.ts"

/** The command. */
export const retry = Command.make(
  "retry",
  {
    campaign: Shared.campaign,
    store: Shared.store,
    rate: Shared.rate,
    quietHours: Shared.quietHours,
    publicUrl: Shared.publicUrl,
    concurrency: Shared.concurrency,
    json: Shared.json,
  },
  Effect.fnUntraced(function* (given) {
    const { campaign, concurrency, json, publicUrl, rate, store } = given
    yield* Shared.checkWhole({ concurrency, rate })
    const place = yield* placeOf(campaign, store)
    const quietHours = yield* Shared.readQuietHours(given.quietHours)
    const callbacks = yield* callbacksOf(publicUrl)
    yield* Effect.gen(function* () {
      const requeued = yield* requeueAll
      yield* Console.error(`${counted(requeued, "message")} that were not sent wait again`)
      yield* run({ campaign: place.name, concurrency, quietHours, json })
    }).pipe(Effect.provide([campaignLayer(place, { create: false, callbacks }), clientLayer(rate)]))
  }),
).pipe(
  Command.withDescription(
    "Sends again what was certainly not sent. What is unknown stays as it is: it may have been sent.",
  ),
)

/** Lets what was refused or came too late wait again, unless its text is no longer kept. */
const requeueAll = Effect.gen(function* () {
  const sender = yield* DurableSender.DurableSender
  const keys = yield* Stream.concat(sender.list("refused"), sender.list("expired")).pipe(
    Stream.map(({ key }) => key),
    Stream.runCollect,
  )
  const requeued = yield* Effect.filter(keys, (key) =>
    sender.requeue(key).pipe(
      Effect.as(true),
      Effect.catchTag("NotRequeued", () => Effect.succeed(false)),
    ),
  )
  return requeued.length
}).pipe(Effect.mapError(usage))
