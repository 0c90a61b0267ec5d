/**
 * What all updates of a send say together: a set of steps, and the state that follows from the set.
 *
 * Sets are joined by union, so the state is the same for the same updates, whatever their order and number and whichever
 * process received them.
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { factsOf, isFinal, MessageStatus } from "./status.ts"

// -----------------------------------------------------------------------------
// Steps
// -----------------------------------------------------------------------------

/**
 * One change of a message's status, as it is stored: `Schema.encodeEffect(Step)` makes JSON of it, with times in
 * milliseconds since 1970.
 *
 * **Details**
 *
 * Message id, status and stated time identify a step; without a readable stated time, message id and status do.
 */
export const Step = Schema.Struct({
  messageId: Schema.String,
  status: MessageStatus,
  /** The time in the update. Absent if it had none that can be read. */
  statedAt: Schema.optional(Schema.DateTimeUtcFromMillis),
  /** When the update was received: of several receipts, the earliest. */
  receivedAt: Schema.DateTimeUtcFromMillis,
  channel: Schema.optional(Schema.String),
})

/** A step that {@link Step} accepts. */
export type Step = typeof Step.Type

/** A step of a state. */
export interface TimedStep {
  readonly messageId: string
  readonly status: MessageStatus
  /**
   * When the status changed: the stated time, or that of receipt if there is none, or if the stated time is more than
   * {@link maxAhead} later than receipt.
   */
  readonly at: DateTime.Utc
  /** The time in the update. Undefined if it had none that can be read. */
  readonly statedAt: DateTime.Utc | undefined
  /** When the update was received: of several receipts, the earliest. */
  readonly receivedAt: DateTime.Utc
  readonly channel: string | undefined
}

/** The maximum number of steps in a state: many more than a message has, to bound what a faulty sender can add. */
export const maxSteps = 64

/** How far ahead of its receipt the time in an update may be, in milliseconds: 5 minutes, as for a signature. */
export const maxAhead = 300_000

/**
 * What identifies a step: text that is equal for the same step only, in every process.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const step = {
 *   messageId: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
 *   status: "SENT",
 *   statedAt: DateTime.makeUnsafe("2025-10-31T10:10:42Z"),
 * }
 * const first = { ...step, receivedAt: DateTime.makeUnsafe("2025-10-31T10:10:43Z") }
 * const repeated = { ...step, receivedAt: DateTime.makeUnsafe("2025-10-31T10:11:43Z") }
 * console.assert(DeliveryStatus.stepKey(first) === DeliveryStatus.stepKey(repeated))
 * ```
 */
export const stepKey = ({ messageId, statedAt, status }: Step): string =>
  `${status} ${statedAt === undefined ? "" : statedAt.epochMilliseconds} ${messageId}`

/** The same step, received twice. */
const sameStep = (one: Step, other: Step): Step => {
  const receivedAt = DateTime.min(one.receivedAt, other.receivedAt)
  const channel =
    one.channel === undefined || other.channel === undefined
      ? (one.channel ?? other.channel)
      : smaller(one.channel, other.channel)
  return receivedAt === one.receivedAt && channel === one.channel
    ? one
    : { ...one, receivedAt, channel }
}

/**
 * Joins sets of steps: the distinct steps of both, each with its earliest receipt.
 *
 * **Details**
 *
 * It is commutative, associative and idempotent, so any number of processes may join their steps in any order. Of more
 * than {@link maxSteps}, outcomes are kept first, then statuses that are known, then the latest by their stated time.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"
 * const receivedAt = DateTime.makeUnsafe("2025-10-31T10:10:43Z")
 * const joined = DeliveryStatus.joinSteps(
 *   [{ messageId, status: "SENT", receivedAt }],
 *   [{ messageId, status: "SENT", receivedAt }, { messageId, status: "DELIVERED", receivedAt }],
 * )
 * console.assert(joined.length === 2)
 * ```
 */
export const joinSteps = (
  one: ReadonlyArray<Step>,
  other: ReadonlyArray<Step>,
): ReadonlyArray<Step> => {
  const steps = new Map<string, Step>()
  for (const { channel, messageId, receivedAt, statedAt, status } of [...one, ...other]) {
    const step: Step = { messageId, status, statedAt, receivedAt, channel }
    const key = stepKey(step)
    const known = steps.get(key)
    steps.set(key, known === undefined ? step : sameStep(known, step))
  }
  // By what identifies a step alone: a later receipt must not change which steps are kept.
  return [...steps.values()].toSorted(byImportance).slice(0, maxSteps)
}

const byImportance = (one: Step, other: Step): number =>
  importance(other) - importance(one) ||
  (other.statedAt?.epochMilliseconds ?? 0) - (one.statedAt?.epochMilliseconds ?? 0) ||
  compareText(stepKey(one), stepKey(other))

const importance = ({ status }: Step): number =>
  isFinal(status) ? 2 : factsOf(status).rank >= 0 ? 1 : 0

// -----------------------------------------------------------------------------
// State
// -----------------------------------------------------------------------------

/** The state of one message by its updates. */
export interface MessageState {
  readonly messageId: string
  readonly status: MessageStatus
  /** The channel of the step with this status, or of the latest step that names one. */
  readonly channel: string | undefined
  /** Whether the status is an outcome. A later update may still change it. */
  readonly isFinal: boolean
  /** Its steps in the order in which they happened. */
  readonly steps: ReadonlyArray<TimedStep>
}

/** The state of a send by its updates. It is the same for the same updates, whatever their order and number. */
export interface State {
  /** The status; undefined before the first update. Of several messages, that of the message that went best. */
  readonly status: MessageStatus | undefined
  /** The channel of the same message. */
  readonly channel: string | undefined
  /** Whether the status is an outcome, by {@link isFinal}. A later update may still change it. */
  readonly isFinal: boolean
  /** The distinct steps in the order in which they happened; at most {@link maxSteps}. */
  readonly steps: ReadonlyArray<TimedStep>
  /** The messages of the send, in the order of their first steps. More than one means that the person may have got two. */
  readonly messages: ReadonlyArray<MessageState>
}

/** The state of a send without updates. */
export const empty: State = {
  status: undefined,
  channel: undefined,
  isFinal: false,
  steps: [],
  messages: [],
}

/**
 * Makes a state from steps in any order, for example from stored ones.
 *
 * **Details**
 *
 * - `READ` implies `DELIVERED`, and neither is taken back by a step that lies before an outcome, whatever the clocks say.
 * - Of a delivery and a failure, the later counts: `FAILED` may follow `DELIVERED`.
 * - A second `QUEUED` or `ROUTED` after a failure is a new routing, and the message is under way again.
 * - Between outcomes, the status that is furthest along the usual sequence since the last routing counts.
 * - A status that this version does not know counts until a known one follows, and never replaces an outcome.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 * import { DateTime } from "effect"
 *
 * const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"
 * const receivedAt = DateTime.makeUnsafe("2025-10-31T10:10:50Z")
 * const state = DeliveryStatus.fromSteps([
 *   { messageId, status: "DELIVERED", statedAt: DateTime.makeUnsafe("2025-10-31T10:10:42Z"), receivedAt },
 *   // Another machine of the provider, whose clock is ahead.
 *   { messageId, status: "SENT", statedAt: DateTime.makeUnsafe("2025-10-31T10:10:43Z"), receivedAt },
 * ])
 * console.assert(state.status === "DELIVERED" && state.isFinal)
 * ```
 */
export const fromSteps = (steps: ReadonlyArray<Step>): State => stateOf(joinSteps(steps, []))

/**
 * Joins states of the same send, for example of two processes. Returns the first if the second adds nothing.
 *
 * @example
 * ```ts
 * import { DeliveryStatus } from "@effect-sent/core"
 *
 * console.assert(DeliveryStatus.join(DeliveryStatus.empty, DeliveryStatus.empty) === DeliveryStatus.empty)
 * ```
 */
export const join = (one: State, other: { readonly steps: ReadonlyArray<Step> }): State => {
  const state = stateOf(joinSteps(one.steps, other.steps))
  return isSame(one.steps, state.steps) ? one : state
}

const isSame = (ones: ReadonlyArray<TimedStep>, others: ReadonlyArray<TimedStep>): boolean =>
  ones.length === others.length &&
  ones.every((one, index) => {
    const other = others[index]
    return (
      other !== undefined &&
      stepKey(one) === stepKey(other) &&
      one.channel === other.channel &&
      one.receivedAt.epochMilliseconds === other.receivedAt.epochMilliseconds
    )
  })

const stateOf = (steps: ReadonlyArray<Step>): State => {
  const timed = steps.map(timedStep).toSorted(compare)
  const ids = new Set(timed.map(({ messageId }) => messageId))
  const messages = [...ids].flatMap((id) =>
    messageOf(timed.filter(({ messageId }) => messageId === id)),
  )
  const best = messages.toSorted(byLuck)[0]
  return {
    status: best?.status,
    channel: best?.channel,
    isFinal: best?.isFinal ?? false,
    steps: timed,
    messages,
  }
}

const timedStep = ({ channel, messageId, receivedAt, statedAt, status }: Step): TimedStep => ({
  messageId,
  status,
  at: timeOf({ receivedAt, statedAt }),
  statedAt,
  receivedAt,
  channel,
})

/** When the status changed, by {@link TimedStep}. */
export const timeOf = ({
  receivedAt,
  statedAt,
}: {
  readonly receivedAt: DateTime.Utc
  readonly statedAt?: DateTime.Utc | undefined
}): DateTime.Utc =>
  statedAt === undefined || statedAt.epochMilliseconds - receivedAt.epochMilliseconds > maxAhead
    ? receivedAt
    : statedAt

const messageOf = (steps: ReadonlyArray<TimedStep>): ReadonlyArray<MessageState> => {
  const step = decisive(steps)
  return step === undefined
    ? []
    : [
        {
          messageId: step.messageId,
          status: step.status,
          channel: step.channel ?? steps.findLast(({ channel }) => channel !== undefined)?.channel,
          isFinal: isFinal(step.status),
          steps,
        },
      ]
}

/** The step whose status is that of the message. */
const decisive = (steps: ReadonlyArray<TimedStep>): TimedStep | undefined => {
  const outcome = steps.findLast(({ status }) => isFinal(status))
  const routing = lastRouting(steps)
  if (outcome === undefined) return furthest(routing)
  if (factsOf(outcome.status).outcome === "success") {
    return steps.find(({ status }) => status === "READ") ?? outcome
  }
  return routing.every((step) => compare(step, outcome) > 0) ? furthest(routing) : outcome
}

/** The step that is furthest along the usual sequence, or the latest after it whose status is not known. */
const furthest = (steps: ReadonlyArray<TimedStep>): TimedStep | undefined => {
  let known: TimedStep | undefined
  let unknown: TimedStep | undefined
  for (const step of steps) {
    const { rank } = factsOf(step.status)
    if (rank < 0) unknown = step
    else if (known === undefined || rank >= factsOf(known.status).rank) known = step
  }
  if (known === undefined || unknown === undefined) return known ?? unknown
  return compare(unknown, known) > 0 ? unknown : known
}

/**
 * The steps since the message was last routed: a routing status that occurs a second time begins a new routing. A step
 * without a stated time may be one of the others, told once more in another form, so it begins none.
 */
const lastRouting = (steps: ReadonlyArray<TimedStep>): ReadonlyArray<TimedStep> => {
  let begin = 0
  let seen = new Set<MessageStatus>()
  for (const [index, { statedAt, status }] of steps.entries()) {
    if (!factsOf(status).isRouting || statedAt === undefined) continue
    if (seen.has(status)) {
      begin = index
      seen = new Set()
    }
    seen.add(status)
  }
  return steps.slice(begin)
}

/** A total order of steps, by time; 0 for the same step. */
const compare = (one: TimedStep, other: TimedStep): number =>
  one.at.epochMilliseconds - other.at.epochMilliseconds ||
  factsOf(one.status).rank - factsOf(other.status).rank ||
  compareText(stepKey(one), stepKey(other))

/** Delivered before under way, and under way before failed. */
const byLuck = (one: MessageState, other: MessageState): number =>
  luck(other) - luck(one) || compareText(one.messageId, other.messageId)

const luck = ({ status }: MessageState): number => {
  const { outcome } = factsOf(status)
  return outcome === "success" ? 2 : outcome === undefined ? 1 : 0
}

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

const smaller = (one: string, other: string): string => (one < other ? one : other)
