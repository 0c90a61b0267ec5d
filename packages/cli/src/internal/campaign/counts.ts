/** How many messages of a campaign are in which state. */
import type { DurableSender } from "@effect-sent/durable"

/** How many messages are in which state. */
export type Counts = ReadonlyMap<DurableSender.State, number>

/** The states of messages that are still to be sent. */
export const waiting: ReadonlyArray<DurableSender.State> = ["pending", "claimed"]

/** How many messages are in one of the states. */
export const countOf = (counts: Counts, ...states: ReadonlyArray<DurableSender.State>): number =>
  states.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0)
