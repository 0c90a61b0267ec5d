/** What a mock plays for whom: the scenarios and named examples of both documents. Redocly does not look into these. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import { fromObject, type Scenario, ScenariosObject } from "@effect-sent/contract/Scenario"
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

/** Of what both documents have: what else is gone or new is so with all that it played. */
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

/** None of what no mock could read. */
const scenariosOf = ({ value }: Part): ReadonlyArray<Scenario> =>
  fromObject(Option.getOrUndefined(decodeScenarios(value["x-sent-scenarios"])))

const compareScenarios = (operation: Pair<Part>): ReadonlyArray<Judged> => {
  const before = scenariosOf(operation.old)
  const after = scenariosOf(operation.next)
  const judged = (
    scenario: Scenario,
    rule: string,
    impact: Judged["impact"],
    message: string,
  ): Judged => ({
    rule,
    impact,
    message,
    direction: "mock",
    decidedBy: "effect-sent",
    pointer: step(operation.next.pointer, "x-sent-scenarios", scenario.name),
  })
  const forAllOthers = after.find(({ isDefault }) => isDefault)

  const ofNumbers = before.flatMap((old) => {
    const whose = `the number ${old.phoneNumber} of ${old.name}`
    const own = after.find(({ phoneNumber }) => phoneNumber === old.phoneNumber)
    const now = own ?? forAllOthers
    if (now === undefined) {
      return [judged(old, "magic-number-removed", "breaking", `${whose} plays nothing any more`)]
    }
    if (!playTheSame(old, now)) {
      return own === undefined
        ? [judged(old, "magic-number-removed", "breaking", `${whose} plays what all others do`)]
        : [judged(own, "magic-number-changed", "breaking", `${whose} plays something else`)]
    }
    return old.name === now.name && old.summary === now.summary
      ? []
      : [judged(now, "scenario-reworded", "harmless", `${whose} plays the same, in other words`)]
  })

  const old = before.find(({ isDefault }) => isDefault)
  const isOther =
    old !== undefined && (forAllOthers === undefined || !playTheSame(old, forAllOthers))
  const message = `a number that is not listed plays something else than ${old?.name}`
  const ofAllOthers = isOther
    ? [judged(forAllOthers ?? old, "default-scenario-changed", "breaking", message)]
    : []

  const more = after
    .filter(({ phoneNumber }) => before.every((one) => one.phoneNumber !== phoneNumber))
    .map((now) =>
      judged(
        now,
        "magic-number-added",
        "addition",
        `the number ${now.phoneNumber} plays ${now.name}`,
      ),
    )
  return [...ofNumbers, ...ofAllOthers, ...more]
}

/** Times too: a test may set the clock of a mock. */
const playTheSame = (one: Scenario, other: Scenario): boolean =>
  one.channel === other.channel &&
  isDeepStrictEqual(one.answers, other.answers) &&
  isDeepStrictEqual(one.updates, other.updates)

// -----------------------------------------------------------------------------
// Examples
// -----------------------------------------------------------------------------

const compareExamples = ({ next, old }: Pair<Body>): ReadonlyArray<Judged> => {
  const judged = (
    { pointer }: Part,
    rule: string,
    impact: Judged["impact"],
    message: string,
  ): Judged => ({
    rule,
    impact,
    message,
    pointer,
    direction: old.direction,
    decidedBy: "effect-sent",
  })

  const gone = [...old.examples].flatMap(([name, example]) => {
    const now = next.examples.get(name)
    if (now === undefined) {
      const message = `the example ${name} is gone, and with it what a mock plays for it`
      return [judged(example, "example-removed", "breaking", message)]
    }
    const isSame =
      isDeepStrictEqual(example.value["value"], now.value["value"]) &&
      isDeepStrictEqual(example.value["x-sent-headers"], now.value["x-sent-headers"])
    const message = `the example ${name} shows something else, and so does a mock`
    return isSame ? [] : [judged(now, "example-changed", "addition", message)]
  })
  const more = [...next.examples]
    .filter(([name]) => !old.examples.has(name))
    .map(([name, now]) => judged(now, "example-added", "addition", `the example ${name} is new`))
  return [...gone, ...more]
}

// -----------------------------------------------------------------------------
// What plays it
// -----------------------------------------------------------------------------

/** Something in a document, with where it stands at last. */
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

/** What stands there under names, references followed. */
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

/** An example that stands under several media types is one to a mock. */
const bodyOf = (document: JsonObject, direction: Body["direction"], body: Named): Body => {
  const examples = partsIn(document, body, "content")
    .flatMap((media) => partsIn(document, media, "examples"))
    .map((example) => [example.name, example] as const)
  return { name: body.name, direction, examples: new Map(examples.toReversed()) }
}
