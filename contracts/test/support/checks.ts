import { deliveryStatus, resolve, sendToPhone } from "./contract.ts"
import { at, isArray, isObject, listAt, objectAt, step, textOf } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"
import { nodes, nodesOf } from "./nodes.ts"
import type { Kind, Node } from "./nodes.ts"
import { makeValidator } from "./validator.ts"

/** Looks at a document and says what is wrong and where. One that says nothing is content. */
export type Check = (document: JsonObject) => Iterable<string>

/** Prism switches a whole body's validation off, silently, for one pattern that does not compile. */
export function* patternsThatDoNotCompile(document: JsonObject): Iterable<string> {
  for (const { pointer, value } of nodesOf(document, "schema", "securityScheme")) {
    const inKeys = Object.keys(objectAt(value, "patternProperties"))
    for (const pattern of [value["pattern"], value["x-sent-pattern"], ...inKeys]) {
      if (pattern === undefined) continue
      try {
        void new RegExp(textOf(pattern), "u")
      } catch (cause) {
        yield `${pointer}: ${String(cause)}`
      }
    }
  }
}

/** Validators ignore a format that they do not know. */
export function* unknownFormats(document: JsonObject): Iterable<string> {
  const { knowsFormat } = makeValidator(document)
  for (const { pointer, value } of nodesOf(document, "schema")) {
    const format = value["format"]
    if (format !== undefined && !knowsFormat(textOf(format))) {
      yield `${pointer}: the validator knows no format ${textOf(format)}`
    }
  }
}

/** The format `uuid` lets `urn:uuid:` in front, so only a pattern says what a GUID is here. */
export function* guidsWithoutPattern(document: JsonObject): Iterable<string> {
  for (const { pointer, value } of nodesOf(document, "schema")) {
    if (value["format"] === "uuid" && value["pattern"] === undefined) {
      yield `${pointer}: a GUID needs a pattern beside its format`
    }
  }
}

/** Where a value stands as an example of a schema: in media types, parameters, headers, schemas. */
export function* nonconformingExamples(document: JsonObject): Iterable<string> {
  const validator = makeValidator(document)
  for (const { example, schema, where } of examplesWithSchemas(document)) {
    for (const problem of validator.problems(schema, example)) yield `${where}: ${problem}`
  }
}

interface ExampleWithSchema {
  readonly example: Json
  readonly schema: string
  readonly where: string
}

function* examplesWithSchemas(document: JsonObject): Iterable<ExampleWithSchema> {
  for (const { kind, pointer, value } of nodes(document)) {
    const isSchema = kind === "schema"
    if (!isSchema && kind !== "mediaType" && kind !== "parameter" && kind !== "header") continue
    const schema = isSchema ? pointer : step(pointer, "schema")

    // `example` in a schema is no keyword of the dialect, and the validator refuses it as such.
    const key = isSchema ? "default" : "example"
    const single = value[key]
    if (single !== undefined) yield { example: single, schema, where: step(pointer, key) }

    const inList = listAt(value, "examples").entries()
    const byName = Object.entries(objectAt(value, "examples"))
    for (const [index, example] of inList) {
      yield { example, schema, where: step(pointer, "examples", index) }
    }
    for (const [name, entry] of byName) {
      const example = resolve(document, entry)
      // An example that has no value, or is a dangling reference, must not count as one that fits.
      const sample = isObject(example) ? (example["value"] ?? null) : null
      yield { example: sample, schema, where: step(pointer, "examples", name) }
    }
  }
}

/** Nothing that is a body or travels in a header goes without a sample. */
export function* missingExamples(document: JsonObject): Iterable<string> {
  for (const { pointer, value } of nodesOf(document, "mediaType", "parameter", "header")) {
    const named = Object.keys(objectAt(value, "examples"))
    if (value["example"] === undefined && named.length === 0) yield `${pointer}: no example`
  }
}

export const errorMediaTypes = ["application/problem+json", "application/json"] as const

/** Whichever media type a caller accepts, every error can be shown in it. */
export function* unevenErrorExamples(document: JsonObject): Iterable<string> {
  const responses = objectAt(at(document, sendToPhone), "responses")
  for (const [status, entry] of Object.entries(responses)) {
    if (status.startsWith("2")) continue
    const content = objectAt(resolve(document, entry), "content")
    const names = errorMediaTypes.map((type) =>
      Object.keys(objectAt(content[type], "examples")).join(),
    )
    for (const [index, type] of errorMediaTypes.entries()) {
      if (names[index] === "") yield `${status}: no named example under ${type}`
    }
    if (names[0] !== names[1]) yield `${status}: the media types differ in their examples`
  }
}

/** `x-sent-headers` of each example of a response, held to the headers which that declares. */
export function* unfitExampleHeaders(document: JsonObject): Iterable<string> {
  const validator = makeValidator(document)
  for (const response of nodesOf(document, "response")) {
    const declared = objectAt(response.value, "headers")
    for (const { where, sent } of examplesOfResponse(document, response)) {
      for (const [name, entry] of Object.entries(declared)) {
        const header = resolve(document, entry)
        if (isObject(header) && header["required"] === true && !(name in sent)) {
          yield `${where}: the required header ${name} is missing`
        }
      }
      for (const [name, text] of Object.entries(sent)) {
        if (declared[name] === undefined) {
          yield `${where}: the header ${name} is not declared`
          continue
        }
        const schema = headerSchema(response.pointer, name, declared[name])
        const value = headerValue(textOf(text), at(document, schema))
        for (const problem of validator.problems(schema, value))
          yield `${where}: ${name} ${problem}`
      }
    }
  }
}

function* examplesOfResponse(document: JsonObject, { pointer, value }: Node) {
  for (const [type, media] of Object.entries(objectAt(value, "content"))) {
    for (const [name, entry] of Object.entries(objectAt(media, "examples"))) {
      const sent = objectAt(resolve(document, entry), "x-sent-headers")
      yield { where: step(pointer, "content", type, "examples", name), sent }
    }
  }
}

const headerSchema = (response: string, name: string, header: Json): string =>
  isObject(header) && typeof header["$ref"] === "string"
    ? step(header["$ref"], "schema")
    : step(response, "headers", name, "schema")

/** A header's text as the value that its schema speaks of. Text that is no such value stays text. */
const headerValue = (text: string, schema: Json | undefined): Json =>
  isObject(schema) && schema["type"] === "integer" && /^-?(?:0|[1-9][0-9]*)$/.test(text)
    ? Number(text)
    : text

type Extensions = Readonly<
  Partial<Record<Kind, Readonly<Record<string, (value: Json) => boolean>>>>
>

const isText = (value: Json): boolean => typeof value === "string" && value !== ""

const extensions: Extensions = {
  example: {
    "x-sent-headers": (value) => isObject(value) && Object.values(value).every(isText),
  },
  response: { "x-sent-empty-body": (value) => value === true },
  securityScheme: { "x-sent-pattern": isText },
  schema: { "x-sent-required-message": isText },
  // What is inside them has a check of its own.
  operation: { "x-sent-scenarios": isObject },
}

/** Our own keywords, each only where the README says that it may stand, and nothing like them. */
export function* misusedExtensions(document: JsonObject): Iterable<string> {
  const answers = new Set(
    nodesOf(document, "response")
      .flatMap(({ value }) => Object.values(objectAt(value, "content")))
      .flatMap((media) => Object.values(objectAt(media, "examples")))
      .map((example) => (isObject(example) ? example["$ref"] : undefined)),
  )
  for (const { kind, pointer, value } of nodes(document)) {
    for (const [key, extension] of Object.entries(value)) {
      if (!key.startsWith("x-")) continue
      const fits = extensions[kind]?.[key]
      if (fits === undefined) yield `${step(pointer, key)}: no extension of this place`
      else if (!fits(extension)) yield `${step(pointer, key)}: not what this extension takes`
    }
    if (kind === "example" && "x-sent-headers" in value && !answers.has(pointer)) {
      yield `${pointer}: has headers but is no example of a response`
    }
    for (const [name, property] of Object.entries(objectAt(value, "properties"))) {
      const isRequired = listAt(value, "required").includes(name)
      if (isObject(property) && "x-sent-required-message" in property && !isRequired) {
        yield `${pointer}: ${name} has a message for its absence but may be absent`
      }
    }
  }
}

/** A mock answers with these texts, so each field that can be missing has one. */
export function* missingRequiredMessages(document: JsonObject): Iterable<string> {
  const schema = at(document, "#/components/schemas/SendToPhoneRequest")
  for (const name of listAt(schema, "required").map(textOf)) {
    const property = objectAt(objectAt(schema, "properties"), name)
    if (!("x-sent-required-message" in property)) yield `${name}: no message for its absence`
  }
}

/** What explains each kind of object, where it has such a member. */
const explanation: Readonly<Partial<Record<Kind, string>>> = {
  info: "description",
  tag: "description",
  server: "description",
  operation: "description",
  parameter: "description",
  requestBody: "description",
  response: "description",
  header: "description",
  schema: "description",
  securityScheme: "description",
  example: "summary",
}

export function* missingDescriptions(document: JsonObject): Iterable<string> {
  for (const { kind, pointer, value } of nodes(document)) {
    const key = explanation[kind]
    // What a reference points to has a description of its own.
    if (key === undefined || "$ref" in value) continue
    const text = value[key]
    if (typeof text !== "string" || text.trim() === "") yield `${pointer}: no ${key}`
  }
}

/** An example is asked for by its name: it has the same, plain one wherever it stands. */
export function* awkwardExampleNames(document: JsonObject): Iterable<string> {
  for (const { kind, pointer, value } of nodesOf(document, "mediaType", "components")) {
    for (const [name, entry] of Object.entries(objectAt(value, "examples"))) {
      const where = step(pointer, "examples", name)
      if (!/^[a-z]+(?:-[a-z]+)*$/.test(name)) yield `${where}: not in kebab-case`
      // A mock serves an answer without a body under this name.
      if (name === "empty") yield `${where}: the name has another meaning`
      const reference = isObject(entry) ? entry["$ref"] : undefined
      if (kind === "mediaType" && reference !== `#/components/examples/${name}`) {
        yield `${where}: not the shared example of that name`
      }
    }
  }
}

/** Each scenario has a number of its own, and names only answers and updates that the document has. */
export function* unfitScenarios(document: JsonObject): Iterable<string> {
  const { problems } = makeValidator(document)
  const operation = at(document, sendToPhone)
  const scenarios = Object.entries(objectAt(operation, "x-sent-scenarios"))
  const numbers = new Map<string, string>()
  for (const [name, scenario] of scenarios) {
    const where = step(sendToPhone, "x-sent-scenarios", name)
    if (!/^[a-z]+(?:-[a-z]+)*$/.test(name)) yield `${where}: not in kebab-case`
    for (const problem of problemsOfScenario(scenario)) yield `${where}: ${problem}`
    const number = textOf(objectAt({ scenario }, "scenario")["phoneNumber"])
    if (!/^\+1500555[0-9]{4}$/.test(number))
      yield `${where}: ${number} is not of the fictitious range`
    for (const problem of problems(
      "#/components/schemas/SendToPhoneRequest/properties/phoneNumber",
      number,
    )) {
      yield `${where}: ${problem}`
    }
    if (numbers.has(number)) yield `${where}: has the number of ${numbers.get(number)}`
    numbers.set(number, name)

    const accepts = listAt(scenario, "answers").some((answer) =>
      answeredStatus(answer).startsWith("2"),
    )
    if (!accepts && listAt(scenario, "updates").length > 0) {
      yield `${where}: has updates but accepts nothing`
    }
    for (const answer of listAt(scenario, "answers")) {
      const problem = unknownAnswer(document, answer)
      if (problem !== undefined) yield `${where}: ${problem}`
    }
    for (const update of listAt(scenario, "updates")) {
      const example = textOf(objectAt({ update }, "update")["example"])
      if (!(example in updateExamples(document))) yield `${where}: there is no update ${example}`
    }
  }
  const defaults = scenarios.filter(([, scenario]) => isObject(scenario) && "default" in scenario)
  if (defaults.length !== 1) yield `${defaults.length} scenarios for all other numbers, not one`
}

/** Whatever can be answered, and whatever can follow, some number plays it. */
export function* examplesWithoutScenario(document: JsonObject): Iterable<string> {
  const scenarios = Object.values(objectAt(at(document, sendToPhone), "x-sent-scenarios"))
  const played = new Set(
    scenarios
      .flatMap((scenario) => listAt(scenario, "answers"))
      .map((answer) => `${answeredStatus(answer)} ${exampleOf(answer)}`),
  )
  for (const [status, entry] of responsesOf(document)) {
    const names = Object.keys(objectAt(objectAt(entry, "content")[errorMediaTypes[0]], "examples"))
    if ("x-sent-empty-body" in entry) names.push("empty")

    for (const name of names) {
      if (!played.has(`${status} ${name}`)) yield `${status}: no number answers with ${name}`
    }
  }
  const updates = new Set(
    scenarios
      .flatMap((scenario) => listAt(scenario, "updates"))
      .map((update) => textOf(objectAt({ update }, "update")["example"])),
  )
  for (const name of Object.keys(updateExamples(document))) {
    if (!updates.has(name)) yield `no number leads to the update ${name}`
  }
}

const answeredStatus = (answer: Json): string => textOf(objectAt({ answer }, "answer")["status"])

const exampleOf = (answer: Json): string | undefined => {
  const example = objectAt({ answer }, "answer")["example"]
  return example === undefined ? undefined : textOf(example)
}

const responsesOf = (document: JsonObject): ReadonlyArray<readonly [string, JsonObject]> =>
  Object.entries(objectAt(at(document, sendToPhone), "responses")).map(([status, entry]) => {
    const response = resolve(document, entry)
    return [status, isObject(response) ? response : {}] as const
  })

const updateExamples = (document: JsonObject): JsonObject =>
  objectAt(
    objectAt(objectAt(at(document, deliveryStatus), "requestBody"), "content")["application/json"],
    "examples",
  )

const unknownAnswer = (document: JsonObject, answer: Json): string | undefined => {
  const status = answeredStatus(answer)
  const [, response] = responsesOf(document).find(([declared]) => declared === status) ?? []
  if (response === undefined) return `there is no answer ${status}`
  const example = exampleOf(answer)
  const examples = objectAt(objectAt(response, "content")[errorMediaTypes[0]], "examples")
  if (example === undefined) {
    return Object.keys(examples).length > 0 ? `${status} is answered with no example` : undefined
  }
  const known = example === "empty" ? "x-sent-empty-body" in response : example in examples
  return known ? undefined : `${status} has no example ${example}`
}

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

/** Prism takes the first key of a callback's path item for the method. */
export function* crowdedCallbacks(document: JsonObject): Iterable<string> {
  for (const { pointer, value } of nodesOf(document, "callback")) {
    for (const [expression, item] of Object.entries(value)) {
      if (!isObject(item) || Object.keys(item).join() !== "post") {
        yield `${step(pointer, expression)}: holds more than its method, or another`
      }
    }
  }
}

/** Each status has an update of its own name, and an update's event speaks of its own status. */
export function* unevenUpdates(document: JsonObject): Iterable<string> {
  const statuses = listAt(at(document, "#/components/schemas/MessageStatus"), "enum").map(textOf)
  const lowerCase = listAt(at(document, "#/components/schemas/LowerCaseMessageStatus"), "enum").map(
    textOf,
  )
  if (statuses.join().toLowerCase() !== lowerCase.join()) {
    yield "the statuses in lower case are not the same statuses"
  }

  const content = objectAt(objectAt(at(document, deliveryStatus), "requestBody"), "content")
  const examples = objectAt(content["application/json"], "examples")
  const statusOf = (name: string): Json | undefined =>
    objectAt(objectAt(resolve(document, examples[name]), "value"), "payload")["message_status"]

  for (const status of statuses) {
    if (statusOf(status.toLowerCase()) !== status) yield `${status}: no example of its own`
  }
  for (const [name, entry] of Object.entries(examples)) {
    const update = objectAt(resolve(document, entry), "value")
    const event = update["sub_type"] ?? update["event"]
    if (event !== undefined && event !== `message.${textOf(statusOf(name)).toLowerCase()}`) {
      yield `${name}: the event ${textOf(event)} is not that of its status`
    }
  }
}

/** Of several requirements any one would do, so both headers must stand in the only one. */
export function* looseSecurity(document: JsonObject): Iterable<string> {
  const schemes = objectAt(objectAt(document, "components"), "securitySchemes")
  const headers = Object.values(schemes).map((scheme) =>
    isObject(scheme) && scheme["in"] === "header" ? textOf(scheme["name"]) : "",
  )
  if (headers.toSorted().join() !== "x-api-key,x-sender-id") {
    yield "the security headers are not x-api-key and x-sender-id"
  }

  const operation = at(document, sendToPhone)
  const own = isObject(operation) ? operation["security"] : undefined
  const requirements = own ?? document["security"]
  const [only, ...others] = isArray(requirements) ? requirements : []
  const needed = isObject(only) ? Object.keys(only).toSorted().join() : ""
  if (others.length > 0 || needed !== Object.keys(schemes).toSorted().join()) {
    yield "a request is not held to both security headers"
  }
}
