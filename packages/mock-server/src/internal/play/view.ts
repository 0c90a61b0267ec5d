/** The view that a program has of a server: of all senders or of one. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import type { Message } from "../../Message.ts"
import { type Match, type MessageNotFound, UnexpectedMessage } from "../../MessageMatch.ts"
import type { Fault, PlacedFault } from "../../Fault.ts"
import { InvalidOption, MockServerError } from "../../MockServerError.ts"
import type { Control } from "./control.ts"
import { rememberCaller } from "./caller.ts"
import { type Webhook, webhookOf, webhookProblem } from "../updates/webhooks.ts"
import { describe, matches, notFound } from "./match.ts"
import { pause } from "../pause.ts"

/** The messages that a scenario is played to. */
export type PlayTarget = Pick<
  Fault,
  "operation" | "phoneNumber" | "templateId" | "senderId" | "times" | "share"
>

/** The messages, the faults and the clock of all senders or of one sender. */
export interface View {
  /** Returns the matching messages, oldest first. Without a match, returns all messages. */
  readonly messages: (match?: Match) => Effect.Effect<ReadonlyArray<Message>>
  /** Returns the requests that were refused as invalid, oldest first: each has a `refusal`. */
  readonly refused: Effect.Effect<ReadonlyArray<Message>>
  /** Returns the newest matching message. Fails with an error that describes the closest one. */
  readonly expectMessage: (match: Match) => Effect.Effect<Message, MessageNotFound>
  /** Returns the only matching message. Fails when none matches, or more than one. */
  readonly expectOne: (match: Match) => Effect.Effect<Message, MessageNotFound | UnexpectedMessage>
  /** Fails when a message matches. */
  readonly expectNone: (match: Match) => Effect.Effect<void, UnexpectedMessage>
  /**
   * Returns the newest matching request that was refused: as invalid, or by its scenario, a fault or `Prefer`. Fails with an
   * error that describes the closest one.
   */
  readonly expectRefused: (match: Match) => Effect.Effect<Message, MessageNotFound>
  /**
   * Waits for a matching message and returns it. Fails after `within`, by default a second. The wait uses the machine's clock,
   * because messages arrive over a real connection.
   */
  readonly awaitMessage: (
    match: Match,
    within?: Duration.Input,
  ) => Effect.Effect<Message, MessageNotFound>
  /** Removes the messages, cancels their pending updates, forgets keys, and starts scenarios with several answers anew. */
  readonly clearMessages: Effect.Effect<void>
  /** Removes the messages and the faults, and brings scenarios and clock to their state at the start. */
  readonly reset: Effect.Effect<void>
  /** Adds a fault. Fails with `InvalidOption` when the fault is invalid. */
  readonly addFault: (fault: Fault) => Effect.Effect<PlacedFault, MockServerError>
  /**
   * Plays a scenario to the next messages, whatever their number: to all, or to those of a number or a template. Without
   * `times`, until the returned fault is removed. Fails with `InvalidOption` when there is no such scenario.
   */
  readonly play: (scenario: string, to?: PlayTarget) => Effect.Effect<PlacedFault, MockServerError>
  /** Returns the active faults. */
  readonly faults: Effect.Effect<ReadonlyArray<PlacedFault>>
  /** Removes a fault. Returns whether it was active. */
  readonly removeFault: (id: string) => Effect.Effect<boolean>
  /** Removes every fault. */
  readonly clearFaults: Effect.Effect<void>
  /** Forgets what was answered under idempotency keys, as a service does whose store of keys was lost. */
  readonly clearKeys: Effect.Effect<void>
  /**
   * Registers the receiver of the updates of operations whose requests name no URL, as those of v3. Undefined removes it. Fails
   * with `InvalidOption` for anything but an http or https URL.
   */
  readonly setWebhookUrl: (url: string | undefined) => Effect.Effect<void, MockServerError>
  /** The receiver that is registered. It is disabled after ten failed deliveries in a row, as the provider's is. */
  readonly webhook: Effect.Effect<Webhook | undefined>
  /** Enables a receiver that was disabled. What was given up meanwhile is not sent again. */
  readonly enableWebhook: Effect.Effect<void>
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

const unexpected = (
  match: Match,
  expected: number,
  some: ReadonlyArray<Message>,
): UnexpectedMessage =>
  new UnexpectedMessage({
    wanted: describe(match),
    expected,
    found: some.map(({ number }) => number),
  })

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

  const found = (match: Match): ReadonlyArray<Message> =>
    control.messages(senderId).filter((message) => matches(match, message))

  const missing = (match: Match): MessageNotFound =>
    notFound(match, control.messages(senderId), refused(true))

  const addFault: View["addFault"] = (fault) =>
    Effect.suspend(() => {
      const placed = faults.add(senderId === undefined ? fault : { ...fault, senderId })
      return Result.isSuccess(placed)
        ? Effect.succeed(placed.success)
        : Effect.fail(
            new MockServerError({
              reason: new InvalidOption({ option: "fault", problem: placed.failure }),
            }),
          )
    })

  const expectMessage: View["expectMessage"] = (match) => {
    const atCaller = rememberCaller()
    return Effect.suspend(() => {
      const message = find(match)
      return message === undefined ? Effect.fail(atCaller(missing(match))) : Effect.succeed(message)
    })
  }

  const expectOne: View["expectOne"] = (match) => {
    const atCaller = rememberCaller()
    return Effect.suspend((): Effect.Effect<Message, MessageNotFound | UnexpectedMessage> => {
      const [first, ...others] = found(match)
      if (first === undefined) return Effect.fail(atCaller(missing(match)))
      return others.length === 0
        ? Effect.succeed(first)
        : Effect.fail(atCaller(unexpected(match, 1, [first, ...others])))
    })
  }

  const expectNone: View["expectNone"] = (match) => {
    const atCaller = rememberCaller()
    return Effect.suspend(() => {
      const some = found(match)
      return some.length === 0 ? Effect.void : Effect.fail(atCaller(unexpected(match, 0, some)))
    })
  }

  const expectRefused: View["expectRefused"] = (match) => {
    const atCaller = rememberCaller()
    return Effect.suspend(() => {
      const all = [
        ...control.messages(senderId).filter(({ accepted }) => !accepted),
        ...refused(true),
      ].toSorted((one, other) => one.number - other.number)
      const last = all.findLast((message) => matches(match, message))
      return last === undefined ? Effect.fail(atCaller(notFound(match, all))) : Effect.succeed(last)
    })
  }

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
    messages: (match = {}) => Effect.sync(() => found(match)),
    refused: Effect.sync(() => refused(false)),
    expectMessage,
    expectOne,
    expectNone,
    expectRefused,
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
    addFault,
    play: (scenario, to = {}) => addFault({ ...to, scenario }),
    faults: Effect.sync(() => faults.all(senderId)),
    removeFault: (id) => Effect.sync(() => faults.remove(id, senderId)),
    clearFaults: Effect.sync(() => faults.clear(senderId)),
    clearKeys: Effect.sync(() => control.keys.clear(senderId)),
    setWebhookUrl: (url) =>
      Effect.suspend(() => {
        const problem = url === undefined ? undefined : webhookProblem(url)
        if (problem === undefined) return Effect.sync(() => control.webhooks.set(url, senderId))
        const reason = new InvalidOption({ option: "webhookUrl", problem })
        return Effect.fail(new MockServerError({ reason }))
      }),
    webhook: Effect.sync(() => {
      const registered = control.webhooks.of(senderId)
      return registered === undefined ? undefined : webhookOf(registered)
    }),
    enableWebhook: Effect.sync(() => control.webhooks.enable(senderId)),
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

/** NaN for anything but a duration. */
const millisOf = (input: Duration.Input): number => {
  const duration = Duration.fromInput(input)
  return duration._tag === "None" ? Number.NaN : Duration.toMillis(duration.value)
}
