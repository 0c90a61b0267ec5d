/** What changes for the users of a mock: magic numbers and examples, which Redocly does not look at. */
import { isDeepStrictEqual } from "node:util"
import type { Contract, Example, Operation } from "../../../Contract.ts"
import type { Change, Impact } from "../../../ContractDiff.ts"
import type { Scenario } from "../../../Scenario.ts"
import { step } from "../lint/json.ts"

export const playedChanges = (before: Contract, after: Contract): ReadonlyArray<Change> =>
  before.operations.flatMap((old) => {
    const now = after.operations.find(
      ({ method, path }) => method === old.method && path === old.path,
    )
    return now === undefined ? [] : [...scenarioChanges(old, now), ...exampleChanges(old, now)]
  })

const change = (impact: Impact, pointer: string, message: string): Change => ({
  impact,
  direction: "mock",
  message,
  pointer,
  rule: "mock",
})

const pointerOf = ({ method, path }: Operation): string =>
  step("#", "paths", path, method.toLowerCase())

const scenarioChanges = (before: Operation, after: Operation): ReadonlyArray<Change> => {
  const at = (name: string): string => step(pointerOf(after), "x-sent-scenarios", name)
  const gone = before.scenarios.flatMap((old) => {
    const now = after.scenarios.find(({ phoneNumber }) => phoneNumber === old.phoneNumber)
    if (now === undefined) {
      return [
        change("breaking", at(old.name), `the number ${old.phoneNumber} plays nothing any more`),
      ]
    }
    return isDeepStrictEqual(playOf(old), playOf(now))
      ? []
      : [change("breaking", at(now.name), `the number ${old.phoneNumber} plays something else`)]
  })
  const more = after.scenarios
    .filter((now) => before.scenarios.every(({ phoneNumber }) => phoneNumber !== now.phoneNumber))
    .map((now) =>
      change("addition", at(now.name), `the number ${now.phoneNumber} plays ${now.name}`),
    )
  return [...gone, ...more]
}

/** Its name and its words are nobody's concern. */
const playOf = ({ answers, channel, isDefault, updates }: Scenario): unknown => ({
  answers,
  channel,
  isDefault,
  updates,
})

const exampleChanges = (before: Operation, after: Operation): ReadonlyArray<Change> => {
  const pointer = pointerOf(after)
  return [
    ...before.responses.flatMap((old) => {
      const now = after.responses.find(({ status }) => status === old.status)
      return now === undefined
        ? []
        : changed(
            step(pointer, "responses", old.status),
            `of ${old.status}`,
            old.examples,
            now.examples,
          )
    }),
    ...changed(
      step(pointer, "callbacks"),
      "of an update",
      before.updates?.examples ?? [],
      after.updates?.examples ?? [],
    ),
  ]
}

const changed = (
  pointer: string,
  whose: string,
  before: ReadonlyArray<Example>,
  after: ReadonlyArray<Example>,
): ReadonlyArray<Change> => {
  const gone = before.flatMap((old) => {
    const now = after.find(({ name }) => name === old.name)
    if (now === undefined) {
      return [change("breaking", pointer, `the example ${old.name} ${whose} is gone`)]
    }
    return isDeepStrictEqual([old.value, old.headers], [now.value, now.headers])
      ? []
      : [change("addition", pointer, `the example ${old.name} ${whose} says something else`)]
  })
  const more = after
    .filter((now) => before.every(({ name }) => name !== now.name))
    .map((now) => change("addition", pointer, `there is an example ${now.name} ${whose}`))
  return [...gone, ...more]
}
