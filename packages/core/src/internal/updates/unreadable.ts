/** What is done with an update that says nothing of a message's status: never swallowed. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { DeliveryEvent } from "../../DeliveryStatus.ts"
import type { Handler } from "./handler.ts"

/** An update at the callback URL of a send that says nothing of a message's status. */
export interface UnreadableUpdate {
  /** The id of the send. */
  readonly id: string
  /** The update; its `body` is all that was received. */
  readonly event: DeliveryEvent
}

const unreadable = Metric.counter("sent.updates.unreadable", {
  description: "Updates at a callback URL that say nothing of a message's status",
  incremental: true,
})

/** Logs it without what is private, counts it, and hands it to the application. */
export const reportUnreadable = Effect.fnUntraced(function* (
  update: UnreadableUpdate,
  hook: Handler<UnreadableUpdate, unknown> | undefined,
) {
  const { event } = update
  const kind = event._tag === "Unknown" ? event.kind : event._tag
  yield* Metric.update(unreadable, 1)
  yield* Effect.logWarning(`a delivery update could not be read: ${kind}`)
  if (hook !== undefined) yield* hook(update)
})
