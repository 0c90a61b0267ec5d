/** Rules for `x-sent-scenarios`: what a mock plays for which phone number. */
import {
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
import { makeValidator } from "./validator.ts"

/** Each scenario has a number of its own, and names only answers and updates that the document has. */
export function* unfitScenarios(document: JsonObject): Iterable<string> {
  for (const operation of withScenarios(document)) {
    yield* unfitScenariosOf(document, operation)
  }
}

const withScenarios = (document: JsonObject): ReadonlyArray<Node> =>
  operationsOf(document).filter(({ value }) => "x-sent-scenarios" in value)

function* unfitScenariosOf(document: JsonObject, operation: Node): Iterable<string> {
  const { problems } = makeValidator(document)
  const phoneNumber = step(requestSchema(document, operation), "properties", "phoneNumber")
  const scenarios = Object.entries(objectAt(operation.value, "x-sent-scenarios"))
  const numbers = new Map<string, string>()
  for (const [name, scenario] of scenarios) {
    const where = step(operation.pointer, "x-sent-scenarios", name)
    if (!/^[a-z]+(?:-[a-z]+)*$/.test(name)) yield `${where}: not in kebab-case`
    for (const problem of problemsOfScenario(scenario)) yield `${where}: ${problem}`
    const number = textOf(objectAt({ scenario }, "scenario")["phoneNumber"])
    if (!/^\+1500555[0-9]{4}$/.test(number))
      yield `${where}: ${number} is not of the fictitious range`
    for (const problem of problems(phoneNumber, number)) yield `${where}: ${problem}`
    if (numbers.has(number)) yield `${where}: has the number of ${numbers.get(number)}`
    numbers.set(number, name)

    const accepts = listAt(scenario, "answers").some((answer) =>
      answeredStatus(answer).startsWith("2"),
    )
    if (!accepts && listAt(scenario, "updates").length > 0) {
      yield `${where}: has updates but accepts nothing`
    }
    for (const answer of listAt(scenario, "answers")) {
      const problem = unknownAnswer(document, operation, answer)
      if (problem !== undefined) yield `${where}: ${problem}`
    }
    for (const update of listAt(scenario, "updates")) {
      const example = textOf(objectAt({ update }, "update")["example"])
      if (!(example in updateExamples(document, operation)))
        yield `${where}: there is no update ${example}`
    }
  }
  const defaults = scenarios.filter(([, scenario]) => isObject(scenario) && "default" in scenario)
  if (defaults.length !== 1)
    yield `${operation.pointer}: ${defaults.length} scenarios for all other numbers, not one`
}

/** Whatever can be answered, and whatever can follow, some number plays it. */
export function* examplesWithoutScenario(document: JsonObject): Iterable<string> {
  for (const operation of withScenarios(document)) {
    const scenarios = Object.values(objectAt(operation.value, "x-sent-scenarios"))
    const played = new Set(
      scenarios
        .flatMap((scenario) => listAt(scenario, "answers"))
        .map((answer) => `${answeredStatus(answer)} ${exampleOf(answer)}`),
    )
    for (const { pointer, response, status } of responsesOf(document, operation)) {
      for (const name of answerNames(response)) {
        if (!played.has(`${status} ${name}`)) yield `${pointer}: no number answers with ${name}`
      }
    }
    const updates = new Set(
      scenarios
        .flatMap((scenario) => listAt(scenario, "updates"))
        .map((update) => textOf(objectAt({ update }, "update")["example"])),
    )
    for (const name of Object.keys(updateExamples(document, operation))) {
      if (!updates.has(name)) yield `${operation.pointer}: no number leads to the update ${name}`
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

const isListOf =
  (
    members: Readonly<Record<string, (value: Json) => boolean>>,
    ...required: ReadonlyArray<string>
  ) =>
  (value: Json): boolean =>
    isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) =>
        isObject(item) &&
        Object.entries(item).every(([key, member]) => members[key]?.(member) ?? false) &&
        required.every((key) => key in item),
    )

/** What a scenario may say, and how. */
const scenarioMembers: Readonly<Record<string, (value: Json) => boolean>> = {
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
    const fits = scenarioMembers[key]
    if (fits === undefined) yield `${key} is nothing that a scenario has`
    else if (!fits(member)) yield `${key} is not what it must be`
  }
}
