/** Sends what waits in a campaign, until every message has an outcome. */
import { SentClient, type SentError } from "@effect-sent/core"
import { DurableSender } from "@effect-sent/durable"
import {
  Clock,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Exit,
  Option,
  Schedule,
  type Scope,
} from "effect"
import { Ended, usage } from "../ended.ts"
import { type Counts, countOf, waiting } from "./counts.ts"
import type { Progress } from "./progress.ts"

/** How a campaign is sent. */
export interface Settings {
  /** How many messages are sent at the same time. */
  readonly concurrency: number
  /** When nothing is sent. */
  readonly quietHours: DurableSender.QuietHours | undefined
  readonly progress: Progress
}

/**
 * Sends what waits. Fails if nothing can be sent until somebody fixes something; what waits is kept. When it is interrupted, it lets
 * the requests that are on the wire end.
 */
export const work = Effect.fnUntraced(function* ({ concurrency, progress, quietHours }: Settings) {
  const sender = yield* DurableSender.DurableSender
  const client = yield* SentClient.SentClient
  const held = yield* Deferred.make<never, Ended>()
  /** What this run has on the wire, and how many of its requests have ended. */
  const own = { sending: 0, ended: 0 }

  /** Counts. While the disk is full, or another program holds the file, says so once, and goes on when it can. */
  const count: Effect.Effect<Counts, Ended> = Effect.suspend(() => {
    let isSaid = false
    return sender.count.pipe(
      Effect.tapError((error) => {
        if (isSaid) return Effect.void
        isSaid = true
        return progress.say(
          `the store cannot be used now; the run goes on when it can: ${error.message}`,
        )
      }),
      Effect.retry(patiently),
      Effect.mapError(
        ({ message }) =>
          new Ended(
            "unknown",
            `stopped: ${message}. What was on the wire may have been sent: make room, and run the same command again`,
          ),
      ),
    )
  })

  /** Whether all messages have an outcome, asked until they have. */
  const untilDone = Effect.gen(function* () {
    while (true) {
      const [took, counts] = yield* Effect.timed(count)
      progress.update(counts)
      // What a killed run was sending is unknown when its lease ends, which is soon.
      const open = countOf(counts, ...waiting, "attempting")
      if (open === 0) return
      // Counting takes longer the larger the campaign is: it gets a small share of the time, unless this run may have sent the last.
      const endedThen = own.ended
      const nextAt = (yield* Clock.currentTimeMillis) + countingShare * Duration.toMillis(took)
      do yield* Effect.sleep(lookAgain)
      while ((yield* Clock.currentTimeMillis) < nextAt && own.ended - endedThen < open)
    }
  })

  const onHold = (error: SentError.SentError) =>
    Deferred.fail(held, new Ended("notSent", stopped(error))).pipe(Effect.asVoid)

  /** Sends until a time, and lets what is on the wire then end. Returns whether all is sent. */
  const sendUntil = (until: number | undefined): Effect.Effect<boolean, Ended> => {
    const counted = SentClient.SentClient.of({
      sendToPhone: (input, options) =>
        Effect.gen(function* () {
          own.sending += 1
          const left =
            until === undefined ? undefined : Math.max(1, until - (yield* Clock.currentTimeMillis))
          return yield* client.sendToPhone(input, earlier(options, left))
        }).pipe(
          Effect.ensuring(
            Effect.sync(() => {
              own.sending -= 1
              own.ended += 1
            }),
          ),
        ),
    })
    const outcome = Effect.raceFirst(Effect.as(untilDone, true), Deferred.await(held))
    return Effect.gen(function* () {
      yield* sender
        .work({ concurrency, lease, pollInterval: lookAgain, onHold })
        .pipe(Effect.provideService(SentClient.SentClient, counted))
      yield* sayWhatEnds
      if (until === undefined) return yield* outcome
      const left = Math.max(0, until - (yield* Clock.currentTimeMillis))
      return Option.isSome(yield* Effect.timeoutOption(outcome, left))
    }).pipe(
      Effect.scoped,
      Effect.catchTag(["DurableSenderError", "SentError"], (error) => Effect.fail(usage(error))),
    )
  }

  const sayWhatEnds: Effect.Effect<void, never, Scope.Scope> = Effect.addFinalizer((exit) =>
    Exit.hasInterrupts(exit) && own.sending > 0
      ? progress.say(
          `stopping: ${own.sending} sends are still to end; Ctrl-C again leaves them unknown`,
        )
      : Effect.void,
  )

  while (true) {
    const now = yield* DateTime.now
    const { from, until } =
      quietHours === undefined
        ? { from: now, until: undefined }
        : yield* Effect.mapError(DurableSender.openingAt(quietHours, now), usage)
    const wait = DateTime.toEpochMillis(from) - DateTime.toEpochMillis(now)
    if (wait <= 0) {
      if (yield* sendUntil(until && DateTime.toEpochMillis(until))) return
    } else if (countOf(yield* count, ...waiting) === 0) {
      // What other runs are sending ends without this one.
      return
    } else {
      yield* progress.say(
        `quiet hours: what is not sent yet waits until ${DateTime.formatIso(from)}`,
      )
      yield* Effect.sleep(wait)
    }
  }
})

const earlier = (
  options: SentClient.SendOptions | undefined,
  millis: number | undefined,
): SentClient.SendOptions | undefined => {
  if (millis === undefined) return options
  const left = Duration.millis(millis)
  const { deadline } = options ?? {}
  return {
    ...options,
    deadline:
      deadline === undefined ? left : Duration.min(Duration.fromInputUnsafe(deadline), left),
  }
}

/** What a killed run was sending is known to be unknown after this time, and what it had only claimed is sent. */
const lease = "30 seconds"

const lookAgain = "200 millis"

/** How long a store that cannot be used is waited for: as long as a worker tries to write down an outcome. */
const patiently = Schedule.spaced("1 second").pipe(Schedule.upTo({ duration: "10 minutes" }))

/** How many times as long as a count took is the pause until the next one. */
const countingShare = 20

const stopped = ({ message }: SentError.SentError): string =>
  `stopped: ${message}. What was not sent waits in the campaign: fix the cause, and run the same command again`
