/** The scenarios that a mock plays for the contract's magic numbers and ids, and what their updates meet. */
import type { Operation } from "@effect-sent/contract/Contract"
import * as Recipients from "@effect-sent/contract/Recipients"
import { emptyExample, type Scenario, triggerOf } from "@effect-sent/contract/Scenario"
import type { SentRequest } from "../exchange.ts"
import { jsonBytes, type Requests } from "../requests.ts"
import { type Case, nameOf, type Receiving, withHeader } from "./case.ts"

export const scenarios = (operation: Operation, requests: Requests): ReadonlyArray<Case> => {
  const played = operation.scenarios.map((scenario) => play(operation, requests, scenario))
  const ofOthers = operation.scenarios
    .filter(({ isDefault }) => isDefault)
    .map((scenario) => {
      const { kind } = triggerOf(scenario)
      const steps = stepsOf(scenario, requests.otherwise)
      const name = `${scenario.name} (any other ${others[kind]})`
      return Object.assign(play(operation, requests, scenario), { name, steps })
    })
  return [
    ...played,
    ...ofOthers,
    ...negotiated(operation, requests),
    ...received(operation, requests),
  ]
}

const others = { phoneNumber: "number", messageId: "id" } as const

/** The request that plays a scenario. */
const requestFor = (requests: Requests, scenario: Scenario): SentRequest => {
  const { kind, value } = triggerOf(scenario)
  return kind === "messageId"
    ? requests.withId(value)
    : requests.withBytes(jsonBytes(Recipients.only(requests.body?.sample, value)))
}

const stepsOf = ({ answers }: Scenario, request: SentRequest): Case["steps"] =>
  answers.map((answer) => ({ request, expected: { _tag: "Exactly", answer } }))

const play = (operation: Operation, requests: Requests, scenario: Scenario): Case => ({
  group: "scenarios",
  name: `${scenario.name} (${triggerOf(scenario).value})`,
  cause: `scenario ${scenario.name}`,
  operation,
  needs: "mock",
  isCounted: scenario.answers.length > 1,
  updates: operation.updates === undefined ? undefined : { expected: scenario.updates, scenario },
  steps: stepsOf(scenario, requestFor(requests, scenario)),
})

/**
 * For each status that a scenario plays, each media type that the contract declares besides the first. A server may disregard
 * `Accept` (RFC 9110, section 12.4.1), so a response of another declared type is not a finding: it lowers the coverage.
 */
const negotiated = (operation: Operation, requests: Requests): ReadonlyArray<Case> =>
  operation.responses.flatMap(({ mediaTypes, status }) => {
    const scenario = operation.scenarios.find(
      ({ answers }) =>
        answers.length === 1 && answers[0].status === status && answers[0].example !== emptyExample,
    )
    if (scenario === undefined) return []
    return mediaTypes.slice(1).map((type): Case => {
      const [answer] = scenario.answers
      return {
        group: "scenarios",
        name: `${scenario.name} (${triggerOf(scenario).value}) as ${type}`,
        cause: `media type ${type}`,
        operation,
        needs: "mock",
        steps: [
          {
            request: withHeader(requestFor(requests, scenario), "accept", type),
            expected: { _tag: "Exactly", answer },
          },
        ],
      }
    })
  })

/** What the receiver answers, and whether the update must come again. */
const received = (operation: Operation, requests: Requests): ReadonlyArray<Case> => {
  // The one that is over first.
  const [scenario] = operation.scenarios
    .filter(({ answers, updates }) => answers.length === 1 && updates.length > 0)
    .toSorted((one, other) => one.updates.length - other.updates.length)
  const answers = requests.declared.callback?.answers ?? []
  if (scenario === undefined) return []
  return answers.flatMap(({ isRepeated, status }): ReadonlyArray<Case> => {
    const exact = exactly(status)
    if (exact === undefined) return []
    const one = (words: string, receiver: Receiving): Case =>
      Object.assign(play(operation, requests, scenario), {
        group: "updates" as const,
        name: `the receiver ${words}`,
        cause: `callback answer ${status}`,
        covers: [{ kind: "callback answer" as const, name: `${nameOf(operation)} ${status}` }],
        updates: { expected: scenario.updates, scenario, receiver },
      })
    const answered = one(`answers ${exact}`, { status: exact, isRepeated })
    return status === "default" && isRepeated
      ? [answered, one("closes the connection", { status: undefined, isRepeated })]
      : [answered]
  })
}

/** A status for `2XX`, `404` or `default`. */
const exactly = (status: string): number | undefined => {
  if (status === "default") return 503
  const range = /^([2-5])XX$/i.exec(status)?.[1]
  if (range !== undefined) return Number(range) * 100 + (range === "2" ? 2 : range === "4" ? 4 : 0)
  return /^[2-5][0-9]{2}$/.test(status) ? Number(status) : undefined
}
