/** Rules for `x-sent-scenarios`: what a mock plays for which phone number or message id. */
import * as Scenario from "@effect-sent/contract/Scenario"
import type { Oas3Rule, Oas3Visitor, UserContext } from "@redocly/openapi-core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { isObject, objectAt } from "../document/json.ts"
import { makeValidator } from "./validator.ts"
import { isKebabCase, type Located, member, members, onOperations } from "./visitors.ts"

/** Each scenario has a number or an id of its own, and names only responses and updates that its operation has. */
export const unfitScenarios: Oas3Rule = () => {
  const validator = makeValidator()
  const root = makeRoot()
  return [
    validator.visitor,
    root.visitor,
    onOperations((value, context) => {
      if (!isObject(value) || !("x-sent-scenarios" in value)) return
      const operation = { value, location: context.location }
      const schemas = triggerSchemas(context, operation)
      const playable = playableOf(context, operation, root.located())
      const taken = new Map<string, string>()
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
            const place = keys.length === 0 ? location : location.child(keys)
            context.report({ message, location: place })
          }
          continue
        }
        const [scenario] = Scenario.fromObject(decoded.success)
        if (scenario === undefined) continue

        const { answers, channel, updates } = scenario
        const { kind, value: trigger } = Scenario.triggerOf(scenario)
        if (!fictitious[kind].test(trigger)) report(`${trigger} is not of the fictitious range`)
        const schema = schemas[kind]
        if (schema.value !== undefined) {
          validator.problems(context, schema, trigger).forEach(report)
        }
        const other = taken.get(trigger)
        if (other !== undefined) report(`has the ${Scenario.triggerName[kind]} of ${other}`)
        taken.set(trigger, name)
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

/** Each named example of a response and of an update is played for some number or id. */
export const examplesWithoutScenario: Oas3Rule = () => {
  const root = makeRoot()
  const check = onOperations((value, context) => {
    if (!isObject(value) || !("x-sent-scenarios" in value)) return
    const operation = { value, location: context.location }
    const { responses, updates } = playableOf(context, operation, root.located())
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
  return [root.visitor, check]
}

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

/** What scenarios may be played for: numbers that are not assigned, and ids that no message gets. */
const fictitious: Readonly<Record<Scenario.Trigger["kind"], RegExp>> = {
  phoneNumber: /^\+1500555[0-9]{4}$/,
  messageId: /^00000000-0000-4000-8000-00000000[0-9]{4}$/,
}

/** The schemas of a phone number in a request and of an id in its path, each if there is one. */
const triggerSchemas = (
  context: UserContext,
  operation: Located,
): Readonly<Record<Scenario.Trigger["kind"], Located>> => {
  const content = member(context, operation, "requestBody", "content")
  const [type = "application/json"] = Object.keys(isObject(content.value) ? content.value : {})
  const properties = member(context, content, type, "schema", "properties")
  const one = member(context, properties, "phoneNumber")
  const inPath = members(context, member(context, operation, "parameters")).find(
    ({ value }) => isObject(value) && value["in"] === "path",
  )
  return {
    phoneNumber: one.value === undefined ? member(context, properties, "to", "items") : one,
    messageId: member(context, inPath ?? one, "schema"),
  }
}

/** What a scenario of an operation can name. */
const playableOf = (context: UserContext, operation: Located, root: Located) => ({
  responses: members(context, member(context, operation, "responses")).map((response) => ({
    status: Number(response.name),
    // Where the operation names it: the response itself may be shared.
    location: operation.location.child(["responses", response.name]),
    mayBeEmpty: isObject(response.value) && "x-sent-empty-body" in response.value,
    examples: examplesOf(context, response),
  })),
  updates: [
    ...members(context, member(context, operation, "callbacks")).flatMap((callback) =>
      members(context, callback),
    ),
    ...webhookOf(context, operation, root),
  ].flatMap((item) => examplesOf(context, member(context, item, "post", "requestBody"))),
})

/** The path item of the webhook that an operation names. */
const webhookOf = (
  context: UserContext,
  { value }: Located,
  root: Located,
): ReadonlyArray<Located> => {
  const name = isObject(value) ? value["x-sent-webhook"] : undefined
  return typeof name === "string" ? [member(context, root, "webhooks", name)] : []
}

/** Remembers the root of the document, in which webhooks stand. */
const makeRoot = (): { readonly visitor: Oas3Visitor; readonly located: () => Located } => {
  let located: Located | undefined
  return {
    visitor: {
      Root: {
        enter: (value, { location }) => {
          located = { value, location }
        },
      },
    },
    located: () => located ?? absurd(),
  }
}

const absurd = (): never => {
  throw new Error("the root is visited first")
}

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
