/** Sends what waits in a campaign, until every message has an outcome. */
import { SentClient, type SentError } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import { Console, Deferred, Effect, Exit } from "effect"
import { Ended, usage } from "../ended.ts"

/** How many messages of a campaign are in which state. */
export type Counts = ReadonlyMap<DurableSender.State, number>

/** How a campaign is sent. */
export interface Settings {
  /** How many messages are sent at the same time. */
  readonly concurrency: number
  /** Is told how far it is, a few times a second. */
  readonly onProgress: (counts: Counts) => void
}

/** The states of messages that are still to be sent. */
export const waiting: ReadonlyArray<DurableSender.State> = ["pending", "claimed"]

/** How many messages are in one of the states. */
export const countOf = (counts: Counts, ...states: ReadonlyArray<DurableSender.State>): number =>
  states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0)

/**
 * Sends what waits. Fails if nothing can be sent until somebody fixes something; what waits is kept. When it is interrupted, it lets
 * the requests that are on the wire end.
 */
export const work = Effect.fnUntraced(function* ({ concurrency, onProgress }: Settings) {
  const sender = yield* DurableSender.DurableSender
  const client = yield* SentClient.SentClient
  const held = yield* Deferred.make<never, Ended>()
  const own = { sending: 0 }

  const counted: SentClient.SentClient["Service"] = {
    sendToPhone: (input, options) =>
      Effect.suspend(() => {
        own.sending += 1
        return Effect.ensuring(
          client.sendToPhone(input, options),
          Effect.sync(() => void (own.sending -= 1)),
        )
      }),
  }

  const untilDone = Effect.gen(function* () {
    while (true) {
      const counts = yield* sender.count
      onProgress(counts)
      // What a killed run was sending is unknown when its lease ends, which is soon.
      if (countOf(counts, ...waiting, "attempting") === 0) return counts
      yield* Effect.sleep(lookAgain)
    }
  })

  const onHold = (error: SentError.SentError) =>
    Deferred.fail(held, new Ended("notSent", stopped(error))).pipe(Effect.asVoid)

  return yield* Effect.gen(function* () {
    yield* sender
      .work({ concurrency, lease, pollInterval: lookAgain, onHold })
      .pipe(Effect.provideService(SentClient.SentClient, counted))
    yield* Effect.addFinalizer((exit) =>
      Exit.hasInterrupts(exit) && own.sending > 0
        ? Console.error(`stopping: ${own.sending} sends are still to end`)
        : Effect.void,
    )
    return yield* Effect.raceFirst(untilDone, Deferred.await(held))
  }).pipe(
    Effect.scoped,
    Effect.catchTag(["DurableSenderError", "SentError"], (error) => Effect.fail(usage(error))),
  )
})

/** What a killed run was sending is known to be unknown after this time, and what it had only claimed is sent. */
const lease = "30 seconds"

const lookAgain = "200 millis"

const stopped = ({ message }: SentError.SentError): string =>
  `stopped: ${message}. What was not sent waits in the campaign: fix the cause, and run the same command again`
