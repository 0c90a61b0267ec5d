/** What a program sees of a server: everything, or what concerns one sender. */
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

/** What was sent, what is to go wrong, and the time: of everybody, or of one sender. */
export interface View {
  /** The messages that match, all of them without a match; oldest first. */
  readonly messages: (match?: Match) => Effect.Effect<ReadonlyArray<Message>>
  /** The newest message that matches; fails with the one that comes nearest. */
  readonly expectMessage: (match: Match) => Effect.Effect<Message, MessageNotFound>
  /**
   * The newest message that matches, as soon as there is one. Fails after so long, a second unless told otherwise, by the
   * machine's clock: what it waits for comes over a real connection.
   */
  readonly awaitMessage: (
    match: Match,
    within?: Duration.Input,
  ) => Effect.Effect<Message, MessageNotFound>
  /** Forgets the messages, and sends no more updates of them. */
  readonly clearMessages: Effect.Effect<void>
  /** Puts a fault in force. Fails with `InvalidOption` when it makes no sense. */
  readonly addFault: (fault: Fault) => Effect.Effect<PlacedFault, MockServerError>
  /** The faults in force. */
  readonly faults: Effect.Effect<ReadonlyArray<PlacedFault>>
  /** Takes one fault out of force; whether it was there. */
  readonly removeFault: (id: string) => Effect.Effect<boolean>
  /** Takes every fault out of force. */
  readonly clearFaults: Effect.Effect<void>
  /** The mock's clock, by which updates are due and answers held back. */
  readonly clock: {
    readonly now: Effect.Effect<DateTime.Utc>
    /** Moves it on, and waits until every update that was due by then has had its try. */
    readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  }
}

export const makeView = (control: Control, senderId: string | undefined): View => {
  const { faults, timeline } = control

  const find = (match: Match): Message | undefined =>
    control.messages(senderId).findLast((message) => matches(match, message))

  const expectMessage: View["expectMessage"] = (match) =>
    Effect.suspend(() => {
      const message = find(match)
      return message === undefined
        ? Effect.fail(notFound(match, control.messages(senderId)))
        : Effect.succeed(message)
    })

  const firstFound = (match: Match): Effect.Effect<Message> =>
    Effect.scoped(
      Effect.gen(function* () {
        // Before the first look, so that nothing slips through between the two.
        const changes = yield* PubSub.subscribe(control.records.changes)
        for (;;) {
          const message = find(match)
          if (message !== undefined) return message
          yield* PubSub.takeAll(changes)
        }
      }),
    )

  return {
    messages: (match = {}) =>
      Effect.sync(() => control.messages(senderId).filter((message) => matches(match, message))),
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
        timeline.advance(Duration.toMillis(Duration.fromInputUnsafe(duration)), senderId),
    },
  }
}
