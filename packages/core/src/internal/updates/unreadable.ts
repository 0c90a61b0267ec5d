/** What is done with an update that says nothing of a message's status: never swallowed. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { DeliveryEvent } from "../../DeliveryStatus.ts"
import type { Handler } from "./handler.ts"

/** An update that says nothing of a message's status. */
export interface UnreadableUpdate {
  /** The id of the send to whose callback URL it came. Undefined over v3, where it came to the webhook of the account. */
  readonly id: string | undefined
  /** The update; its `body` is all that was received. */
  readonly event: DeliveryEvent
}

const unreadable = Metric.counter("sent.updates.unreadable", {
  description: "Updates that say nothing of a message's status",
  incremental: true,
})

/** Logs it without what is private, counts it, and hands it to the application. */
export const reportUnreadable = Effect.fnUntraced(function* (
  update: UnreadableUpdate,
  hook: Handler<UnreadableUpdate, unknown> | undefined,
) {
  const { event, id } = update
  // An account's webhook also receives incoming messages and the statuses of templates.
  if (id !== undefined || event._tag === "Unknown") {
    const kind = event._tag === "Unknown" ? event.kind : event._tag
    yield* Metric.update(unreadable, 1)
    yield* Effect.logWarning(`a delivery update could not be read: ${kind}`)
  }
  if (hook !== undefined) yield* hook(update)
})
