/** Rules for `x-sent-scenarios`: what a mock plays for which phone number. */
import * as Scenario from "@effect-sent/contract/Scenario"
import type { Oas3Rule, UserContext } from "@redocly/openapi-core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { isObject, objectAt } from "../document/json.ts"
import { makeValidator } from "./validator.ts"
import { isKebabCase, type Located, member, members, onOperations } from "./visitors.ts"

/** Each scenario has a number of its own, and names only responses and updates that its operation has. */
export const unfitScenarios: Oas3Rule = () => {
  const validator = makeValidator()
  return [
    validator.visitor,
    onOperations((value, context) => {
      if (!isObject(value) || !("x-sent-scenarios" in value)) return
      const operation = { value, location: context.location }
      const phoneNumber = phoneNumberOf(context, operation)
      const playable = playableOf(context, operation)
      const numbers = new Map<string, string>()
      const objects = Object.entries(objectAt(value, "x-sent-scenarios"))

      for (const [name, object] of objects) {
        const location = context.location.child(["x-sent-scenarios", name])
        const report = (message: string): void => context.report({ message, location })
        if (!isKebabCase(name)) report("not in kebab-case")

        const decoded = decode({ [name]: object })
        if (Result.isFailure(decoded)) {
          for (const { message, path = [] } of toIssues(decoded.failure.issue).issues) {
            // The name is the first of the path.
            const keys = path.slice(1).map(String)
            context.report({ message, location: location.child(keys) })
          }
          continue
        }
        const [scenario] = Scenario.fromObject(decoded.success)
        if (scenario === undefined) continue

        const { answers, channel, phoneNumber: number, updates } = scenario
        if (!/^\+1500555[0-9]{4}$/.test(number)) report(`${number} is not of the fictitious range`)
        if (phoneNumber.value !== undefined) {
          validator.problems(context, phoneNumber, number).forEach(report)
        }
        const other = numbers.get(number)
        if (other !== undefined) report(`has the phone number of ${other}`)
        numbers.set(number, name)
        if (channel !== undefined && !channels.has(channel)) report(`unknown channel ${channel}`)

        const accepts = answers.some(({ status }) => status >= 200 && status < 300)
        if (!accepts && updates.length > 0)
          report("has updates, but none of its answers accepts the message")
        for (const { problem } of Scenario.unplayable([scenario], playable)) report(problem)
        for (const { example, status } of answers) {
          const response = playable.responses.find((one) => one.status === status)
          // Which example a mock would serve would be left to chance.
          if (example === undefined && (response?.examples.length ?? 0) > 0) {
            report(`names no example of ${status}`)
          }
        }
      }
      const defaults = objects.filter(
        ([, object]) => isObject(object) && object["default"] === true,
      )
      if (defaults.length !== 1) {
        context.report({
          message: `one scenario must be the default for all other numbers; ${defaults.length} are`,
        })
      }
    }),
  ]
}

/** Each named example of a response and of an update is played for some number. */
export const examplesWithoutScenario: Oas3Rule = () =>
  onOperations((value, context) => {
    if (!isObject(value) || !("x-sent-scenarios" in value)) return
    const { responses, updates } = playableOf(context, { value, location: context.location })
    const scenarios = Object.entries(objectAt(value, "x-sent-scenarios")).flatMap(
      ([name, object]) => Scenario.fromObject(Result.getOrUndefined(decode({ [name]: object }))),
    )
    const played = new Set(
      scenarios.flatMap(({ answers }) =>
        answers.map(({ example, status }) => `${status} ${example}`),
      ),
    )
    for (const { examples, location, mayBeEmpty, status } of responses) {
      const names = examples.map(({ name }) => name)
      for (const name of mayBeEmpty ? [...names, Scenario.emptyExample] : names) {
        if (!played.has(`${status} ${name}`)) {
          context.report({ message: `no scenario plays ${name}`, location })
        }
      }
    }
    const sent = new Set(scenarios.flatMap((one) => one.updates.map(({ example }) => example)))
    for (const { name } of updates) {
      if (!sent.has(name)) context.report({ message: `no scenario plays the update ${name}` })
    }
  })

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

const decode = Schema.decodeUnknownResult(Scenario.ScenariosObject, {
  errors: "all",
  onExcessProperty: "error",
})

const toIssues = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "MissingKey") return "is missing"
    return issue._tag === "UnexpectedKey" ? "unknown member" : SchemaIssue.defaultLeafHook(issue)
  },
})

const channels: ReadonlySet<string> = new Set(["sms", "whatsapp", "rcs"])

/** The schema of the phone number in a request, if there is one. */
const phoneNumberOf = (context: UserContext, operation: Located): Located => {
  const content = member(context, operation, "requestBody", "content")
  const [type = "application/json"] = Object.keys(isObject(content.value) ? content.value : {})
  return member(context, content, type, "schema", "properties", "phoneNumber")
}

/** What a scenario of an operation can name. */
const playableOf = (context: UserContext, operation: Located) => ({
  responses: members(context, member(context, operation, "responses")).map((response) => ({
    status: Number(response.name),
    // Where the operation names it: the response itself may be shared.
    location: operation.location.child(["responses", response.name]),
    mayBeEmpty: isObject(response.value) && "x-sent-empty-body" in response.value,
    examples: examplesOf(context, response),
  })),
  updates: members(context, member(context, operation, "callbacks"))
    .flatMap((callback) => members(context, callback))
    .flatMap((url) => examplesOf(context, member(context, url, "post", "requestBody"))),
})

/** The named examples of a body. One that stands under several media types is listed once. */
const examplesOf = (
  context: UserContext,
  body: Located,
): ReadonlyArray<{ readonly name: string }> => {
  const names = members(context, member(context, body, "content")).flatMap(({ value }) =>
    Object.keys(objectAt(value, "examples")),
  )
  return [...new Set(names)].map((name) => ({ name }))
}
