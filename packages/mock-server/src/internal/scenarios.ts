/** Reads scenarios out of a contract. */
import * as Schema from "effect/Schema"
import { type Scenario, ScenarioAnswer, ScenarioUpdate } from "../Scenario.ts"

/** The value of `x-sent-scenarios`, by the scenarios' names. */
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

/** In the order in which they are due. */
const inSendingOrder = (updates: ReadonlyArray<ScenarioUpdate>): ReadonlyArray<ScenarioUpdate> =>
  updates.toSorted((one, other) => dueAfter(one) - dueAfter(other))

/** When an update is sent, in seconds after the message was accepted. */
export const dueAfter = ({ after, late = 0 }: ScenarioUpdate): number => after + late

/** The scenarios of an operation, in the document's order. */
export const readScenarios = (
  scenarios: typeof ScenariosObject.Type | undefined,
): ReadonlyArray<Scenario> =>
  Object.entries(scenarios ?? {}).map(([name, scenario]) => ({
    name,
    summary: scenario.summary,
    phoneNumber: scenario.phoneNumber,
    isDefault: scenario.default ?? false,
    channel: scenario.channel,
    answers: scenario.answers,
    updates: inSendingOrder(scenario.updates ?? []),
  }))
