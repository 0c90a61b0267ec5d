/**
 * The scenarios that a mock plays, by phone number or by message id: the contract's `x-sent-scenarios`, with the answers to a
 * request and the updates that follow.
 *
 * @example
 * ```ts
 * import { Contract, Scenario } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const { operations } = await Effect.runPromise(Contract.load())
 * for (const scenario of operations.flatMap(({ scenarios }) => scenarios)) {
 *   console.log(Scenario.triggerOf(scenario).value, scenario.name, scenario.summary)
 * }
 * ```
 */
import * as Schema from "effect/Schema"

const Seconds = Schema.Number.check(Schema.isFinite(), Schema.isGreaterThanOrEqualTo(0))

/** One answer of a scenario. */
export const ScenarioAnswer = Schema.Struct({
  /** The HTTP status. */
  status: Schema.Int,
  /** The contract's example for the status, or `empty` for a response without a body. Absent for a status without examples. */
  example: Schema.optionalKey(Schema.String),
  /** The delay of the answer, in seconds of the mock's clock. Default: 0. */
  delay: Schema.optionalKey(Seconds),
  /** `reset`: the request is processed, and the connection is reset instead of answered. */
  lost: Schema.optionalKey(Schema.Literal("reset")),
})

/** One answer of a scenario. */
export type ScenarioAnswer = typeof ScenarioAnswer.Type

/** One update of a scenario. */
export const ScenarioUpdate = Schema.Struct({
  /** The name of the contract's example for the update. */
  example: Schema.String,
  /** When the event happens, in seconds after the message was accepted. */
  after: Seconds,
  /** How many seconds after the event the update is sent. Default: 0. */
  late: Schema.optionalKey(Seconds),
})

/** One update of a scenario. */
export type ScenarioUpdate = typeof ScenarioUpdate.Type

/** The value of `x-sent-scenarios`: the scenarios by name. */
export const ScenariosObject = Schema.Record(
  Schema.String,
  Schema.Struct({
    summary: Schema.String,
    phoneNumber: Schema.optionalKey(Schema.String),
    messageId: Schema.optionalKey(Schema.String),
    default: Schema.optionalKey(Schema.Boolean),
    channel: Schema.optionalKey(Schema.String),
    answers: Schema.NonEmptyArray(ScenarioAnswer),
    updates: Schema.optionalKey(Schema.Array(ScenarioUpdate)),
  }).check(
    Schema.makeFilter(
      ({ messageId, phoneNumber }) => (messageId === undefined) !== (phoneNumber === undefined),
      { message: "must have either phoneNumber or messageId" },
    ),
  ),
)

/** What plays a scenario: a phone number in the body of a request, or the id of a message in its path. */
export type Trigger =
  | { readonly kind: "phoneNumber"; readonly value: string }
  | { readonly kind: "messageId"; readonly value: string }

/** A scenario: what a mock plays for one phone number or message id, and for every one without a scenario if `isDefault`. */
export interface Scenario {
  /** The name in the contract, for example `delivered-then-failed`. */
  readonly name: string
  /** What happens, in one sentence. */
  readonly summary: string
  /** The phone number that triggers the scenario. Undefined for a scenario of a look-up. */
  readonly phoneNumber: string | undefined
  /** The message id that triggers the scenario of a look-up. */
  readonly messageId: string | undefined
  /** Whether every number, or id, without a scenario also triggers this one. */
  readonly isDefault: boolean
  /** The channel of all updates. Overrides the channel of each example. */
  readonly channel: string | undefined
  /** The answers to successive requests. After the last one, the first one is played again. */
  readonly answers: readonly [ScenarioAnswer, ...ReadonlyArray<ScenarioAnswer>]
  /** The updates that follow an accepted message, in the order in which they are sent. */
  readonly updates: ReadonlyArray<ScenarioUpdate>
}

/**
 * Returns when an update is sent, in seconds after the message was accepted.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * console.assert(Scenario.dueAfter({ example: "sent", after: 1.5, late: 3.5 }) === 5)
 * ```
 */
export const dueAfter = ({ after, late = 0 }: ScenarioUpdate): number => after + late

/**
 * Reads scenarios from the value of `x-sent-scenarios`, in document order.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * const [scenario] = Scenario.fromObject({
 *   refused: { summary: "Refused.", phoneNumber: "+15005554000", answers: [{ status: 400 }] },
 * })
 * console.assert(scenario?.name === "refused" && scenario.updates.length === 0)
 * ```
 */
export const fromObject = (scenarios: typeof ScenariosObject.Type = {}): ReadonlyArray<Scenario> =>
  Object.entries(scenarios).map(([name, scenario]) => ({
    name,
    summary: scenario.summary,
    phoneNumber: scenario.phoneNumber,
    messageId: scenario.messageId,
    isDefault: scenario.default ?? false,
    channel: scenario.channel,
    answers: scenario.answers,
    updates: (scenario.updates ?? []).toSorted((one, other) => dueAfter(one) - dueAfter(other)),
  }))

/**
 * Returns what triggers a scenario.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * const trigger = Scenario.triggerOf({ phoneNumber: "+15005552040", messageId: undefined })
 * console.assert(trigger.kind === "phoneNumber" && trigger.value === "+15005552040")
 * ```
 */
export const triggerOf = ({
  messageId,
  phoneNumber,
}: Pick<Scenario, "messageId" | "phoneNumber">): Trigger =>
  phoneNumber === undefined
    ? { kind: "messageId", value: messageId ?? "" }
    : { kind: "phoneNumber", value: phoneNumber }

/** How a trigger is called in sentences. */
export const triggerName: Readonly<Record<Trigger["kind"], string>> = {
  phoneNumber: "phone number",
  messageId: "message id",
}

/** The part of an operation that scenarios refer to. */
export interface Playable {
  readonly responses: ReadonlyArray<{
    readonly status: number
    /** Whether the body is optional. */
    readonly mayBeEmpty: boolean
    readonly examples: ReadonlyArray<{ readonly name: string }>
  }>
  /** The examples of the updates. */
  readonly updates: ReadonlyArray<{ readonly name: string }>
}

/** A scenario that names a response or an update that its operation does not declare. */
export interface Unplayable {
  /** The name of the scenario. */
  readonly scenario: string
  readonly problem: string
}

/**
 * Finds the scenarios that name a response or an update that the operation does not declare. Without this check, such a scenario
 * would only fail when a message is sent to its number.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * const scenarios = Scenario.fromObject({
 *   teapot: { summary: "Refused.", phoneNumber: "+15005554040", answers: [{ status: 418 }] },
 * })
 * const [found] = Scenario.unplayable(scenarios, { responses: [], updates: [] })
 * console.assert(found?.problem === "the operation declares no response 418")
 * ```
 */
export const unplayable = (
  scenarios: ReadonlyArray<Pick<Scenario, "name" | "answers" | "updates">>,
  { responses, updates }: Playable,
): ReadonlyArray<Unplayable> =>
  scenarios.flatMap(({ answers, name, updates: follow }) =>
    [
      ...answers.map(({ example, status }) => problemOfAnswer(responses, status, example)),
      ...follow.map(({ example }) =>
        updates.some((known) => known.name === example)
          ? undefined
          : `the operation declares no update example ${example}`,
      ),
    ].flatMap((problem) => (problem === undefined ? [] : [{ scenario: name, problem }])),
  )

const problemOfAnswer = (
  responses: Playable["responses"],
  status: number,
  example: string | undefined,
): string | undefined => {
  const response = responses.find((candidate) => candidate.status === status)
  if (response === undefined) return `the operation declares no response ${status}`
  if (example === undefined || hasExample(response, example)) return undefined
  return `the response ${status} has no example ${example}`
}

/** The example name that selects a response without a body. */
export const emptyExample = "empty"

/**
 * Returns whether a response has an example with this name. `empty` is the response without a body.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * const response = { mayBeEmpty: true, examples: [{ name: "forbidden" }] }
 * console.assert(Scenario.hasExample(response, "forbidden"))
 * console.assert(Scenario.hasExample(response, "empty"))
 * ```
 */
export const hasExample = (
  { examples, mayBeEmpty }: Omit<Playable["responses"][number], "status">,
  name: string,
): boolean =>
  (name === emptyExample && mayBeEmpty) || examples.some((example) => example.name === name)
