/** Rules for `x-sent-scenarios`: what a mock plays for which phone number. */
import {
  at,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  step,
  textOf,
} from "./json.ts"
import type { Node } from "./nodes.ts"
import { operationsOf, requestSchema, responsesOf, updateExamples } from "./operations.ts"
import type { Problem } from "./rules.ts"
import { makeValidator } from "./validator.ts"

/** Each scenario has a number of its own, and names only answers and updates that the document has. */
export function* unfitScenarios(document: JsonObject): Iterable<Problem> {
  for (const operation of withScenarios(document)) {
    yield* unfitScenariosOf(document, operation)
  }
}

const withScenarios = (document: JsonObject): ReadonlyArray<Node> =>
  operationsOf(document).filter(({ value }) => "x-sent-scenarios" in value)

function* unfitScenariosOf(document: JsonObject, operation: Node): Iterable<Problem> {
  const { problems } = makeValidator(document)
  const phoneNumber = step(requestSchema(document, operation), "properties", "phoneNumber")
  const isDeclared = at(document, phoneNumber) !== undefined
  const scenarios = Object.entries(objectAt(operation.value, "x-sent-scenarios"))
  const numbers = new Map<string, string>()
  for (const [name, scenario] of scenarios) {
    const where = step(operation.pointer, "x-sent-scenarios", name)
    if (!/^[a-z]+(?:-[a-z]+)*$/.test(name)) yield { pointer: where, message: "not in kebab-case" }
    for (const problem of problemsOfScenario(scenario)) yield { pointer: where, message: problem }
    const number = textOf(objectAt({ scenario }, "scenario")["phoneNumber"])
    if (!/^\+1500555[0-9]{4}$/.test(number))
      yield { pointer: where, message: `${number} is not of the fictitious range` }
    const unfit = isDeclared ? problems(phoneNumber, number) : []
    for (const problem of unfit) yield { pointer: where, message: problem }
    if (numbers.has(number))
      yield { pointer: where, message: `has the number of ${numbers.get(number)}` }
    numbers.set(number, name)

    const accepts = listAt(scenario, "answers").some((answer) =>
      answeredStatus(answer).startsWith("2"),
    )
    if (!accepts && listAt(scenario, "updates").length > 0) {
      yield { pointer: where, message: "has updates but accepts nothing" }
    }
    for (const answer of listAt(scenario, "answers")) {
      const problem = unknownAnswer(document, operation, answer)
      if (problem !== undefined) yield { pointer: where, message: problem }
    }
    for (const update of listAt(scenario, "updates")) {
      const example = textOf(objectAt({ update }, "update")["example"])
      if (!Object.hasOwn(updateExamples(document, operation), example))
        yield { pointer: where, message: `there is no update ${example}` }
    }
  }
  const defaults = scenarios.filter(([, scenario]) => isObject(scenario) && "default" in scenario)
  if (defaults.length !== 1)
    yield {
      pointer: operation.pointer,
      message: `${defaults.length} scenarios for all other numbers, not one`,
    }
}

/** Whatever can be answered, and whatever can follow, some number plays it. */
export function* examplesWithoutScenario(document: JsonObject): Iterable<Problem> {
  for (const operation of withScenarios(document)) {
    const scenarios = Object.values(objectAt(operation.value, "x-sent-scenarios"))
    const played = new Set(
      scenarios
        .flatMap((scenario) => listAt(scenario, "answers"))
        .map((answer) => `${answeredStatus(answer)} ${exampleOf(answer)}`),
    )
    for (const { pointer, response, status } of responsesOf(document, operation)) {
      for (const name of answerNames(response)) {
        if (!played.has(`${status} ${name}`))
          yield { pointer, message: `no number answers with ${name}` }
      }
    }
    const updates = new Set(
      scenarios
        .flatMap((scenario) => listAt(scenario, "updates"))
        .map((update) => textOf(objectAt({ update }, "update")["example"])),
    )
    for (const name of Object.keys(updateExamples(document, operation))) {
      if (!updates.has(name))
        yield { pointer: operation.pointer, message: `no number leads to the update ${name}` }
    }
  }
}

/** Under whatever media type; `empty` is an answer without a body. */
const answerNames = (response: JsonObject): ReadonlyArray<string> => {
  const media = Object.values(objectAt(response, "content"))
  const names = new Set(media.flatMap((one) => Object.keys(objectAt(one, "examples"))))
  return "x-sent-empty-body" in response ? [...names, "empty"] : [...names]
}

const answeredStatus = (answer: Json): string => textOf(objectAt({ answer }, "answer")["status"])

const exampleOf = (answer: Json): string | undefined => {
  const example = objectAt({ answer }, "answer")["example"]
  return example === undefined ? undefined : textOf(example)
}

const unknownAnswer = (document: JsonObject, operation: Node, answer: Json): string | undefined => {
  const status = answeredStatus(answer)
  const found = responsesOf(document, operation).find((one) => one.status === status)
  if (found === undefined) return `there is no answer ${status}`
  const example = exampleOf(answer)
  const names = answerNames(found.response)
  if (example === undefined) {
    return names.some((name) => name !== "empty")
      ? `${status} is answered with no example`
      : undefined
  }
  return names.includes(example) ? undefined : `${status} has no example ${example}`
}

const isText = (value: Json): boolean => typeof value === "string" && value !== ""

const isSeconds = (value: Json): boolean =>
  typeof value === "number" && Number.isFinite(value) && value >= 0

type Tests = Readonly<Record<string, (value: Json) => boolean>>

/** Not what every object has: `constructor` is no member of a scenario. */
const testOf = (tests: Tests, key: string): Tests[string] | undefined =>
  Object.hasOwn(tests, key) ? tests[key] : undefined

const isListOf =
  (members: Tests, ...required: ReadonlyArray<string>) =>
  (value: Json): boolean =>
    isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) =>
        isObject(item) &&
        Object.entries(item).every(([key, member]) => testOf(members, key)?.(member) ?? false) &&
        required.every((key) => key in item),
    )

/** What a scenario may say, and how. */
const scenarioMembers: Tests = {
  summary: isText,
  phoneNumber: isText,
  default: (value) => value === true,
  channel: (value) => value === "sms" || value === "whatsapp" || value === "rcs",
  answers: isListOf(
    { status: isSeconds, example: isText, delay: isSeconds, lost: (value) => value === "reset" },
    "status",
  ),
  updates: isListOf({ example: isText, after: isSeconds, late: isSeconds }, "example", "after"),
}

function* problemsOfScenario(scenario: Json): Iterable<string> {
  for (const key of ["summary", "phoneNumber", "answers"]) {
    if (!isObject(scenario) || !(key in scenario)) yield `no ${key}`
  }
  for (const [key, member] of Object.entries(isObject(scenario) ? scenario : {})) {
    const fits = testOf(scenarioMembers, key)
    if (fits === undefined) yield `${key} is nothing that a scenario has`
    else if (!fits(member)) yield `${key} is not what it must be`
  }
}
