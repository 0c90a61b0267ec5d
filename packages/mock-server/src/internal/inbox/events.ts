/** The changes of messages as server-sent events. */
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { type Change, type Messages, toMessage } from "../play/messages.ts"
import { cropped } from "./cropped.ts"
import { pause } from "../pause.ts"
import type { Timeline } from "../play/timeline.ts"

/** How long changes are batched, in milliseconds, so that a message that changes often is sent once. */
const batchMillis = 50

/** The maximum number of messages in an event. For more, the page reloads the list, which is cheaper. */
const maxBatchSize = 500

/** The event stream of one reader. It ends when the server closes or the reader disconnects. */
export const eventStream = (
  messages: Messages,
  timeline: Timeline,
  closing: Effect.Effect<void>,
): Stream.Stream<Uint8Array> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const subscription = yield* PubSub.subscribe(messages.changes)
      let next: number | undefined
      const batches = Effect.gen(function* () {
        const first = yield* PubSub.take(subscription)
        yield* pause(batchMillis)
        const changes = [first, ...(yield* PubSub.takeUpTo(subscription, Infinity))]
        // A gap in the sequence: the reader was so slow that newer changes have replaced older ones.
        const isWhole = next === undefined || first.sequence === next
        next = (changes.at(-1)?.sequence ?? first.sequence) + 1
        return isWhole ? eventsOf(changes, messages, timeline) : event("reload", {})
      })
      // Sent at once, so that the reader sees the connection open and reconnects soon after it is lost.
      return Stream.concat(
        Stream.make("retry: 1000\n\n"),
        Stream.merge(Stream.fromEffectRepeat(batches), heartbeats),
      )
    }),
  ).pipe(Stream.interruptWhen(closing), Stream.encodeText)

/** An event with which the page notices a lost connection: it is due every 15 seconds. */
const heartbeats = Stream.fromEffectRepeat(
  Effect.as(pause(15_000), "event: heartbeat\ndata: {}\n\n"),
)

const eventsOf = (
  changes: ReadonlyArray<Change>,
  messages: Messages,
  timeline: Timeline,
): string => {
  const changed = new Map(
    changes.flatMap((change) =>
      // A record that has been removed in the meantime is no longer whole.
      change._tag === "Changed" && messages.find(change.record.id) !== undefined
        ? [[change.record.id, change.record] as const]
        : [],
    ),
  )
  if (changed.size > maxBatchSize) return event("reload", {})
  if (changes.some(({ _tag }) => _tag === "Cleared")) return event("cleared", {})
  return event(
    "messages",
    [...changed.values()].map((record) =>
      cropped(toMessage(record, timeline.now(record.senderId))),
    ),
  )
}

// JSON contains no line break, which would end the event.
const event = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
