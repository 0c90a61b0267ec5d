/** The view that a program has of a server: of all senders or of one. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import type { Message } from "../../Message.ts"
import type { Match, MessageNotFound } from "../../MessageMatch.ts"
import type { Fault, PlacedFault } from "../../Fault.ts"
import { InvalidOption, MockServerError } from "../../MockServerError.ts"
import type { Control } from "./control.ts"
import { matches, notFound } from "./match.ts"
import { pause } from "../pause.ts"

/** The messages, the faults and the clock of all senders or of one sender. */
export interface View {
  /** Returns the matching messages, oldest first. Without a match, returns all messages. */
  readonly messages: (match?: Match) => Effect.Effect<ReadonlyArray<Message>>
  /** Returns the requests that were refused as invalid, oldest first: each has a `refusal`. */
  readonly refused: Effect.Effect<ReadonlyArray<Message>>
  /** Returns the newest matching message. Fails with an error that describes the closest one. */
  readonly expectMessage: (match: Match) => Effect.Effect<Message, MessageNotFound>
  /**
   * Waits for a matching message and returns it. Fails after `within`, by default a second. The wait uses the machine's clock,
   * because messages arrive over a real connection.
   */
  readonly awaitMessage: (
    match: Match,
    within?: Duration.Input,
  ) => Effect.Effect<Message, MessageNotFound>
  /** Removes the messages, cancels their pending updates, and starts scenarios with several answers anew. */
  readonly clearMessages: Effect.Effect<void>
  /** Removes the messages and the faults, and brings scenarios and clock to their state at the start. */
  readonly reset: Effect.Effect<void>
  /** Adds a fault. Fails with `InvalidOption` when the fault is invalid. */
  readonly addFault: (fault: Fault) => Effect.Effect<PlacedFault, MockServerError>
  /** Returns the active faults. */
  readonly faults: Effect.Effect<ReadonlyArray<PlacedFault>>
  /** Removes a fault. Returns whether it was active. */
  readonly removeFault: (id: string) => Effect.Effect<boolean>
  /** Removes every fault. */
  readonly clearFaults: Effect.Effect<void>
  /** The mock's clock, which schedules updates, retries and delayed answers. */
  readonly clock: {
    readonly now: Effect.Effect<DateTime.Utc>
    /**
     * Advances the clock, and waits until every update that became due has been attempted. Fails with `InvalidOption` when the
     * duration is negative or leads beyond the year 9999.
     */
    readonly advance: (duration: Duration.Input) => Effect.Effect<void, MockServerError>
  }
}

export const makeView = (control: Control, senderId: string | undefined): View => {
  const { faults, timeline } = control

  const find = (match: Match): Message | undefined =>
    control.messages(senderId).findLast((message) => matches(match, message))

  /** With `alsoUnknown`, also those without a valid sender id, which may be this sender's. */
  const refused = (alsoUnknown: boolean): ReadonlyArray<Message> =>
    control
      .refusedOf(undefined)
      .filter(
        (record) =>
          senderId === undefined ||
          record.senderId === senderId ||
          (alsoUnknown && record.senderId === ""),
      )
      .map(control.show)

  const expectMessage: View["expectMessage"] = (match) =>
    Effect.suspend(() => {
      const message = find(match)
      return message === undefined
        ? Effect.fail(notFound(match, control.messages(senderId), refused(true)))
        : Effect.succeed(message)
    })

  const firstFound = Effect.fnUntraced(function* (match: Match) {
    // Subscribed before the first search, so that no message is missed between the two.
    const changes = yield* PubSub.subscribe(control.records.changes)
    for (;;) {
      const message = find(match)
      if (message !== undefined) return message
      yield* PubSub.takeAll(changes)
    }
  }, Effect.scoped)

  return {
    messages: (match = {}) =>
      Effect.sync(() => control.messages(senderId).filter((message) => matches(match, message))),
    refused: Effect.sync(() => refused(false)),
    expectMessage,
    awaitMessage: (match, within = "1 second") =>
      Effect.raceFirst(
        firstFound(match),
        Effect.andThen(
          pause(Duration.toMillis(Duration.fromInputUnsafe(within))),
          expectMessage(match),
        ),
      ),
    clearMessages: control.clearMessages(senderId),
    reset: control.reset(senderId),
    addFault: (fault) =>
      Effect.suspend(() => {
        const placed = faults.add(senderId === undefined ? fault : { ...fault, senderId })
        return Result.isSuccess(placed)
          ? Effect.succeed(placed.success)
          : Effect.fail(
              new MockServerError({
                reason: new InvalidOption({ option: "fault", problem: placed.failure }),
              }),
            )
      }),
    faults: Effect.sync(() => faults.all(senderId)),
    removeFault: (id) => Effect.sync(() => faults.remove(id, senderId)),
    clearFaults: Effect.sync(() => faults.clear(senderId)),
    clock: {
      now: Effect.sync(() => DateTime.makeUnsafe(timeline.now(senderId))),
      advance: (duration) =>
        Effect.mapError(
          control.advance(millisOf(duration), senderId),
          (problem) =>
            new MockServerError({ reason: new InvalidOption({ option: "duration", problem }) }),
        ),
    },
  }
}

/** NaN for what is no duration. */
const millisOf = (input: Duration.Input): number => {
  const duration = Duration.fromInput(input)
  return duration._tag === "None" ? Number.NaN : Duration.toMillis(duration.value)
}
