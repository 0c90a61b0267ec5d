/**
 * What a mock plays for a phone number: the contract's `x-sent-scenarios`, from the answers to the updates that follow.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const { operations } = await Effect.runPromise(Contract.load())
 * for (const { name, phoneNumber, summary } of operations.flatMap(({ scenarios }) => scenarios)) {
 *   console.log(phoneNumber, name, summary)
 * }
 * ```
 */
import * as Schema from "effect/Schema"

const Seconds = Schema.Number.check(Schema.isFinite(), Schema.isGreaterThanOrEqualTo(0))

/** One answer of a scenario. */
export const ScenarioAnswer = Schema.Struct({
  /** The HTTP status. */
  status: Schema.Int,
  /** The contract's example of that status, or `empty` for a response without a body. Absent for a status that has none. */
  example: Schema.optionalKey(Schema.String),
  /** How long the answer is held back, in seconds of the mock's clock. Default: 0. */
  delay: Schema.optionalKey(Seconds),
  /** `reset`: the request is processed, and the connection is reset in place of the answer. */
  lost: Schema.optionalKey(Schema.Literal("reset")),
})

/** One answer of a scenario. */
export type ScenarioAnswer = typeof ScenarioAnswer.Type

/** One update of a scenario. */
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

/** The value of `x-sent-scenarios`: each scenario under its name. */
export const ScenariosObject = Schema.Record(
  Schema.String,
  Schema.Struct({
    summary: Schema.String,
    phoneNumber: Schema.String,
    default: Schema.optionalKey(Schema.Boolean),
    channel: Schema.optionalKey(Schema.String),
    answers: Schema.NonEmptyArray(ScenarioAnswer),
    updates: Schema.optionalKey(Schema.Array(ScenarioUpdate)),
  }),
)

/** What a mock plays for one phone number, and for every number without a scenario if `isDefault`. */
export interface Scenario {
  /** Its name in the contract, for example `delivered-then-failed`. */
  readonly name: string
  /** What happens, in a sentence. */
  readonly summary: string
  /** The number that plays it. */
  readonly phoneNumber: string
  /** Whether every number that is not listed plays it too. */
  readonly isDefault: boolean
  /** The channel of all its updates, in place of the channel of each example. */
  readonly channel: string | undefined
  /** The answers to successive requests. After the last answer comes the first again. */
  readonly answers: readonly [ScenarioAnswer, ...ReadonlyArray<ScenarioAnswer>]
  /** What follows an accepted message, in the order in which it is sent. */
  readonly updates: ReadonlyArray<ScenarioUpdate>
}

/**
 * When an update is sent, in seconds after the message was accepted.
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
 * Scenarios from the value of `x-sent-scenarios`, in the document's order.
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
    isDefault: scenario.default ?? false,
    channel: scenario.channel,
    answers: scenario.answers,
    updates: (scenario.updates ?? []).toSorted((one, other) => dueAfter(one) - dueAfter(other)),
  }))

/** What of an operation a scenario can play. */
export interface Playable {
  readonly responses: ReadonlyArray<{
    readonly status: number
    /** Whether it may come without a body. */
    readonly mayBeEmpty: boolean
    readonly examples: ReadonlyArray<{ readonly name: string }>
  }>
  /** The examples of its updates. */
  readonly updates: ReadonlyArray<{ readonly name: string }>
}

/** A scenario that names a response or an update that its operation does not have. */
export interface Unplayable {
  /** The name of the scenario. */
  readonly scenario: string
  readonly problem: string
}

/**
 * What the scenarios name that the operation does not have. Without this check it would fail only when a message is sent to
 * the scenario's number.
 *
 * @example
 * ```ts
 * import { Scenario } from "@effect-sent/contract"
 *
 * const scenarios = Scenario.fromObject({
 *   teapot: { summary: "Refused.", phoneNumber: "+15005554040", answers: [{ status: 418 }] },
 * })
 * const [found] = Scenario.unplayable(scenarios, { responses: [], updates: [] })
 * console.assert(found?.problem === "no response 418")
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
        updates.some((known) => known.name === example) ? undefined : `no update ${example}`,
      ),
    ].flatMap((problem) => (problem === undefined ? [] : [{ scenario: name, problem }])),
  )

const problemOfAnswer = (
  responses: Playable["responses"],
  status: number,
  example: string | undefined,
): string | undefined => {
  const response = responses.find((candidate) => candidate.status === status)
  if (response === undefined) return `no response ${status}`
  if (example === undefined || hasExample(response, example)) return undefined
  return `no example ${example} of ${status}`
}

/** The name that stands for a response without a body. */
export const emptyExample = "empty"

/**
 * Whether a response has an example of this name. `empty` names the response without a body.
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
