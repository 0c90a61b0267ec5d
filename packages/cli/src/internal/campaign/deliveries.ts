/** What delivery updates say of the messages of a campaign, if a tracker's route receives them in the same store. */
import { DeliveryStatus } from "@effect-sent/core"
import { type DurableSender, SqlDeliveryStore } from "@effect-sent/durable"
import type { DateTime } from "effect"
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { type Ended, usage } from "../ended.ts"

/** The latest that is known of a message on its way. */
export interface Delivery {
  /** The status in words, e.g. `delivered`. */
  readonly status: string
  /** Since when. */
  readonly at: DateTime.Utc
}

/** Finds the deliveries of sends, by the ids of the sends. Those without an update are left out. */
export const deliveriesOf = Effect.fnUntraced(function* (
  sends: ReadonlyArray<DurableSender.DurableSend>,
): Effect.fn.Return<ReadonlyMap<string, Delivery>, Ended, SqlClient.SqlClient> {
  const ids = sends.flatMap(({ sendId }) => (sendId === undefined ? [] : [sendId]))
  const found = yield* Effect.mapError(SqlDeliveryStore.findAll(ids), usage)
  return new Map(
    found.flatMap(({ id, steps }) => {
      const { status, steps: known } = DeliveryStatus.fromSteps(steps)
      const step = known.findLast((other) => other.status === status)
      return step === undefined ? [] : [[id, { status: step.status.toLowerCase(), at: step.at }]]
    }),
  )
})
