/**
 * What the mock plays for a phone number: the contract's `x-sent-scenarios`, from the answers to the updates that
 * follow.
 */
import * as Schema from "effect/Schema"

const Seconds = Schema.Number.check(Schema.isFinite(), Schema.isGreaterThanOrEqualTo(0))

/**
 * One answer of a scenario.
 *
 * @example
 * ```ts
 * import type { Scenario } from "@effect-sent/mock-server"
 *
 * const answer: Scenario.ScenarioAnswer = { status: 429, example: "too-many-requests" }
 * ```
 */
export const ScenarioAnswer = Schema.Struct({
  /** The HTTP status. */
  status: Schema.Int,
  /** The contract's example of that status, or `empty` for none. Absent for a status that has no body. */
  example: Schema.optionalKey(Schema.String),
  /** How long the answer is held back, in seconds of the mock's clock. Default: not at all. */
  delay: Schema.optionalKey(Seconds),
  /** `reset`: the request is processed, and the connection is reset in place of the answer. */
  lost: Schema.optionalKey(Schema.Literal("reset")),
})

/** One answer of a scenario. */
export type ScenarioAnswer = typeof ScenarioAnswer.Type

/**
 * One update of a scenario.
 *
 * @example
 * ```ts
 * import type { Scenario } from "@effect-sent/mock-server"
 *
 * const late: Scenario.ScenarioUpdate = { example: "sent", after: 1.5, late: 3.5 }
 * ```
 */
export const ScenarioUpdate = Schema.Struct({
  /** The contract's example of an update. */
  example: Schema.String,
  /** When it happens, in seconds after the message was accepted. */
  after: Seconds,
  /** How many seconds later it is sent. Default: 0. */
  late: Schema.optionalKey(Seconds),
})

/** One update of a scenario. */
export type ScenarioUpdate = typeof ScenarioUpdate.Type

/**
 * What the mock plays for one phone number, and for every number that has none of its own if `isDefault`.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const { operations } = await Effect.runPromise(Contract.load())
 * for (const { name, phoneNumber, summary } of operations.flatMap(({ scenarios }) => scenarios)) {
 *   console.log(phoneNumber, name, summary)
 * }
 * ```
 */
export interface Scenario {
  /** Its name in the contract, e.g. `delivered-then-failed`. */
  readonly name: string
  /** What happens, in a sentence. */
  readonly summary: string
  /** The number that plays it. */
  readonly phoneNumber: string
  /** Whether every number that is not listed plays it too. */
  readonly isDefault: boolean
  /** The channel of all its updates, in place of the examples' own. */
  readonly channel: string | undefined
  /** The answers to one request after the other, and then from the first again. */
  readonly answers: readonly [ScenarioAnswer, ...ReadonlyArray<ScenarioAnswer>]
  /** What follows an accepted message, in the order in which it is sent. */
  readonly updates: ReadonlyArray<ScenarioUpdate>
}
