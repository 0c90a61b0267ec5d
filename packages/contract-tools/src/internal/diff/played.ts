/** Compares what a mock plays: the scenarios and named examples of both documents. Redocly does not compare these. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import {
  fromObject,
  type Scenario,
  ScenariosObject,
  triggerOf,
} from "@effect-sent/contract/Scenario"
import {
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  pointerOf,
  resolve,
  step,
} from "../document/json.ts"
import type { Judged } from "./rules.ts"

/** Compares operations and bodies that both documents have. */
export const comparePlayed = (old: JsonObject, next: JsonObject): ReadonlyArray<Judged> => [
  ...inBoth(operationsOf(old), operationsOf(next)).flatMap(compareScenarios),
  ...inBoth(bodiesOf(old), bodiesOf(next)).flatMap(compareExamples),
]

interface Pair<A> {
  readonly old: A
  readonly next: A
}

const inBoth = <A extends { readonly name: string }>(
  old: ReadonlyArray<A>,
  next: ReadonlyArray<A>,
): ReadonlyArray<Pair<A>> => {
  const byName = new Map(next.map((one) => [one.name, one]))
  return old.flatMap((one) => {
    const other = byName.get(one.name)
    return other === undefined ? [] : [{ old: one, next: other }]
  })
}

// -----------------------------------------------------------------------------
// Scenarios
// -----------------------------------------------------------------------------

const decodeScenarios = Schema.decodeUnknownOption(ScenariosObject)

/** No scenarios if a mock could not read them. */
const scenariosOf = ({ value }: Part): ReadonlyArray<Scenario> =>
  fromObject(Option.getOrUndefined(decodeScenarios(value["x-sent-scenarios"])))

const compareScenarios = (operation: Pair<Part>): ReadonlyArray<Judged> => {
  const before = scenariosOf(operation.old)
  const after = scenariosOf(operation.next)
  const judged = (
    { name }: Scenario,
    rule: string,
    impact: Judged["impact"],
    message: string,
  ): Judged => {
    const pointer = step(operation.next.pointer, "x-sent-scenarios", name)
    return { rule, impact, message, pointer, direction: "mock", decidedBy: "effect-sent" }
  }
  const forAllOthers = after.find(({ isDefault }) => isDefault)

  const ofNumbers = before.flatMap((old) => {
    const trigger = triggerOf(old).value
    const name = `the scenario ${old.name} (${trigger})`
    const own = after.find((one) => triggerOf(one).value === trigger)
    const now = own ?? forAllOthers
    if (now === undefined) {
      return [judged(old, "magic-number-removed", "breaking", `${name} was removed`)]
    }
    if (!playTheSame(old, now)) {
      return own === undefined
        ? [
            judged(
              old,
              "magic-number-removed",
              "breaking",
              `${name} was removed: its ${others[triggerOf(old).kind]} plays the default scenario`,
            ),
          ]
        : [judged(own, "magic-number-changed", "breaking", `${name} plays something else`)]
    }
    return old.name === now.name && old.summary === now.summary
      ? []
      : [judged(now, "scenario-reworded", "harmless", `${name} has another name or summary`)]
  })

  const old = before.find(({ isDefault }) => isDefault)
  const isOther =
    old !== undefined && (forAllOthers === undefined || !playTheSame(old, forAllOthers))
  const all = old === undefined ? "numbers" : `${others[triggerOf(old).kind]}s`
  const message = `${all} without a scenario no longer play ${old?.name}`
  const ofAllOthers = isOther
    ? [judged(forAllOthers ?? old, "default-scenario-changed", "breaking", message)]
    : []

  const more = after
    .filter((now) => before.every((one) => triggerOf(one).value !== triggerOf(now).value))
    .map((now) =>
      judged(
        now,
        "magic-number-added",
        "addition",
        `the scenario ${now.name} (${triggerOf(now).value}) was added`,
      ),
    )
  return [...ofNumbers, ...ofAllOthers, ...more]
}

const others = { phoneNumber: "number", messageId: "id" } as const

/** Times included: a test may set the clock of a mock. */
const playTheSame = (one: Scenario, other: Scenario): boolean =>
  one.channel === other.channel &&
  isDeepStrictEqual(one.answers, other.answers) &&
  isDeepStrictEqual(one.updates, other.updates)

// -----------------------------------------------------------------------------
// Examples
// -----------------------------------------------------------------------------

const compareExamples = ({ next, old }: Pair<Body>): ReadonlyArray<Judged> => {
  const { direction } = old
  const judged = (
    { pointer }: Part,
    rule: string,
    impact: Judged["impact"],
    message: string,
  ): Judged => ({ rule, impact, message, pointer, direction, decidedBy: "effect-sent" })

  const gone = [...old.examples].flatMap(([name, example]) => {
    const now = next.examples.get(name)
    if (now === undefined) {
      const message = `the example ${name} was removed, and a mock no longer serves it`
      return [judged(example, "example-removed", "breaking", message)]
    }
    const isSame =
      isDeepStrictEqual(example.value["value"], now.value["value"]) &&
      isDeepStrictEqual(example.value["x-sent-headers"], now.value["x-sent-headers"])
    const message = `the example ${name} has another value or other headers, and a mock serves them`
    return isSame ? [] : [judged(now, "example-changed", "addition", message)]
  })
  const more = [...next.examples]
    .filter(([name]) => !old.examples.has(name))
    .map(([name, now]) => judged(now, "example-added", "addition", `the example ${name} was added`))
  return [...gone, ...more]
}

// -----------------------------------------------------------------------------
// The parts of a document
// -----------------------------------------------------------------------------

/** A part of a document with its pointer, references followed. */
interface Part {
  readonly pointer: string
  readonly value: JsonObject
}

interface Named extends Part {
  /** The same in both documents. */
  readonly name: string
}

/** The body of a response or an update. */
interface Body {
  readonly name: string
  readonly direction: "response" | "update"
  readonly examples: ReadonlyMap<string, Part>
}

/** The members of an object, references followed. */
const partsIn = (document: JsonObject, holder: Part, key?: string): ReadonlyArray<Named> => {
  const members = key === undefined ? holder.value : objectAt(holder.value, key)
  const place = key === undefined ? holder.pointer : step(holder.pointer, key)
  return Object.entries(members).flatMap(([name, member]) => {
    const value: Json | undefined = resolve(document, member)
    const pointer = pointerOf(document, member) ?? step(place, name)
    return isObject(value) ? [{ name, pointer, value }] : []
  })
}

const operationsOf = (document: JsonObject): ReadonlyArray<Named> =>
  partsIn(document, { pointer: "#", value: document }, "paths").flatMap((path) =>
    partsIn(document, path).map((operation) => called(operation, path.name, operation.name)),
  )

const called = ({ pointer, value }: Part, ...names: ReadonlyArray<string>): Named => ({
  name: names.join(" "),
  pointer,
  value,
})

const bodiesOf = (document: JsonObject): ReadonlyArray<Body> => {
  const operations = operationsOf(document)
  return [
    ...operations
      .flatMap((operation) => responsesOf(document, operation))
      .map((response) => bodyOf(document, "response", response)),
    ...operations
      .flatMap((operation) => updatesOf(document, operation))
      .map((update) => bodyOf(document, "update", update)),
    ...webhookBodiesOf(document).map((update) => bodyOf(document, "update", update)),
  ]
}

const responsesOf = (document: JsonObject, operation: Named): ReadonlyArray<Named> =>
  partsIn(document, operation, "responses").map((response) =>
    called(response, operation.name, response.name),
  )

const updatesOf = (document: JsonObject, operation: Named): ReadonlyArray<Named> =>
  partsIn(document, operation, "callbacks").flatMap((callback) =>
    partsIn(document, callback).flatMap((url) =>
      partsIn(document, url).flatMap((sent) =>
        partsIn(document, sent)
          .filter(({ name }) => name === "requestBody")
          .map((body) => called(body, operation.name, callback.name, url.name, sent.name)),
      ),
    ),
  )

const webhookBodiesOf = (document: JsonObject): ReadonlyArray<Named> =>
  partsIn(document, { pointer: "#", value: document }, "webhooks").flatMap((webhook) =>
    partsIn(document, webhook).flatMap((sent) =>
      partsIn(document, sent)
        .filter(({ name }) => name === "requestBody")
        .map((body) => called(body, "webhook", webhook.name, sent.name)),
    ),
  )

/** A mock serves an example that stands under several media types as one. */
const bodyOf = (document: JsonObject, direction: Body["direction"], body: Named): Body => {
  const examples = partsIn(document, body, "content")
    .flatMap((media) => partsIn(document, media, "examples"))
    .map((example) => [example.name, example] as const)
  return { name: body.name, direction, examples: new Map(examples.toReversed()) }
}
