import { at, isObject, listAt, objectAt, pointerOf, resolve, step, textOf } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"
import { nodes, nodesOf } from "./nodes.ts"
import type { Kind, Node } from "./nodes.ts"
import { operationsOf, requestSchema, responsesOf } from "./operations.ts"
import { makeValidator } from "./validator.ts"

export interface Problem {
  readonly pointer: string
  readonly message: string
}

/** Looks at a document and says what is wrong and where. One that says nothing is content. */
export type Rule = (document: JsonObject) => Iterable<Problem>

/** Prism switches a whole body's validation off, silently, for one pattern that does not compile. */
export function* patternsThatDoNotCompile(document: JsonObject): Iterable<Problem> {
  for (const { pointer, value } of nodesOf(document, "schema", "securityScheme")) {
    const inKeys = Object.keys(objectAt(value, "patternProperties"))
    for (const pattern of [value["pattern"], value["x-sent-pattern"], ...inKeys]) {
      if (pattern === undefined) continue
      try {
        void new RegExp(textOf(pattern), "u")
      } catch (cause) {
        yield { pointer, message: String(cause) }
      }
    }
  }
}

/** Validators ignore a format that they do not know. */
export function* unknownFormats(document: JsonObject): Iterable<Problem> {
  const { knowsFormat } = makeValidator(document)
  for (const { pointer, value } of nodesOf(document, "schema")) {
    const format = value["format"]
    if (format !== undefined && !knowsFormat(textOf(format))) {
      yield { pointer, message: `the validator knows no format ${textOf(format)}` }
    }
  }
}

/** The format `uuid` lets `urn:uuid:` in front, so only a pattern says what a GUID is here. */
export function* guidsWithoutPattern(document: JsonObject): Iterable<Problem> {
  for (const { pointer, value } of nodesOf(document, "schema")) {
    if (value["format"] === "uuid" && value["pattern"] === undefined) {
      yield { pointer, message: "a GUID needs a pattern beside its format" }
    }
  }
}

/** Where a value stands as an example of a schema: in media types, parameters, headers, schemas. */
export function* nonconformingExamples(document: JsonObject): Iterable<Problem> {
  const validator = makeValidator(document)
  if (validator.unreadable !== undefined) {
    yield { pointer: "#", message: validator.unreadable }
    return
  }
  for (const { example, schema, where } of examplesWithSchemas(document)) {
    for (const problem of validator.problems(schema, example))
      yield { pointer: where, message: problem }
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
    // Without one, any value will do.
    if (at(document, schema) === undefined) continue

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
      if (isObject(example) && "externalValue" in example) continue
      // An example that has no value, or is a dangling reference, must not count as one that fits.
      const sample = isObject(example) ? (example["value"] ?? null) : null
      yield { example: sample, schema, where: step(pointer, "examples", name) }
    }
  }
}

/** Nothing that is a body or travels in a header goes without a sample. */
export function* missingExamples(document: JsonObject): Iterable<Problem> {
  for (const { pointer, value } of nodesOf(document, "mediaType", "parameter", "header")) {
    // The example of what has `content` stands in there.
    if ("content" in value) continue
    const named = Object.keys(objectAt(value, "examples"))
    if (value["example"] === undefined && named.length === 0)
      yield { pointer, message: "no example" }
  }
}

/** Whichever media type a caller accepts, every error can be shown in it. */
export function* unevenErrorExamples(document: JsonObject): Iterable<Problem> {
  for (const operation of operationsOf(document)) {
    const errors = responsesOf(document, operation).filter(
      ({ response, status }) =>
        !/^[1-3]/.test(status) && (status !== "default" || "content" in response),
    )
    const types = new Set(
      errors.flatMap(({ response }) => Object.keys(objectAt(response, "content"))),
    )
    for (const { pointer, response } of errors) {
      const content = objectAt(response, "content")
      const names = [...types].map((type) => [type, exampleNames(content[type]).join()] as const)
      for (const [type, listed] of names) {
        if (listed === "") yield { pointer, message: `no named example under ${type}` }
      }
      if (new Set(names.map(([, listed]) => listed)).size > 1) {
        yield { pointer, message: "the media types differ in their examples" }
      }
    }
  }
}

const exampleNames = (media: Json | undefined): ReadonlyArray<string> =>
  Object.keys(objectAt(media, "examples"))

/** `x-sent-headers` of each example of a response, held to the headers which that declares. */
export function* unfitExampleHeaders(document: JsonObject): Iterable<Problem> {
  const validator = makeValidator(document)
  // That is said of the examples.
  if (validator.unreadable !== undefined) return
  for (const response of nodesOf(document, "response")) {
    const declared = objectAt(response.value, "headers")
    for (const { where, sent } of examplesOfResponse(document, response)) {
      for (const [name, entry] of Object.entries(declared)) {
        const header = resolve(document, entry)
        if (isObject(header) && header["required"] === true && !(name in sent)) {
          yield { pointer: where, message: `the required header ${name} is missing` }
        }
      }
      for (const [name, text] of Object.entries(sent)) {
        const header = Object.hasOwn(declared, name) ? declared[name] : undefined
        if (header === undefined) {
          yield { pointer: where, message: `the header ${name} is not declared` }
          continue
        }
        const schema = headerSchema(document, response.pointer, name, header)
        if (at(document, schema) === undefined) continue
        const value = headerValue(textOf(text), at(document, schema))
        for (const problem of validator.problems(schema, value))
          yield { pointer: where, message: `${name} ${problem}` }
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

const headerSchema = (document: JsonObject, response: string, name: string, header: Json): string =>
  step(pointerOf(document, header) ?? step(response, "headers", name), "schema")

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
export function* misusedExtensions(document: JsonObject): Iterable<Problem> {
  const answers = new Set(
    nodesOf(document, "response")
      .flatMap(({ value }) => Object.values(objectAt(value, "content")))
      .flatMap((media) => Object.values(objectAt(media, "examples")))
      .map((example) => (isObject(example) ? example["$ref"] : undefined)),
  )
  for (const { kind, pointer, value } of nodes(document)) {
    for (const [key, extension] of Object.entries(value)) {
      if (!key.startsWith("x-sent-")) continue
      const fits = extensions[kind]?.[key]
      if (fits === undefined)
        yield { pointer: step(pointer, key), message: "no extension of this place" }
      else if (!fits(extension))
        yield { pointer: step(pointer, key), message: "not what this extension takes" }
    }
    if (kind === "example" && "x-sent-headers" in value && !answers.has(pointer)) {
      yield { pointer, message: "has headers but is no example of a response" }
    }
    for (const [name, property] of Object.entries(objectAt(value, "properties"))) {
      const isRequired = listAt(value, "required").includes(name)
      if (isObject(property) && "x-sent-required-message" in property && !isRequired) {
        yield { pointer, message: `${name} has a message for its absence but may be absent` }
      }
    }
  }
}

/** A mock answers with these texts: where one field that can be missing has one, each has. */
export function* missingRequiredMessages(document: JsonObject): Iterable<Problem> {
  for (const operation of operationsOf(document)) {
    const pointer = requestSchema(document, operation)
    const schema = at(document, pointer)
    const properties = objectAt(schema, "properties")
    const hasMessage = (name: string): boolean =>
      "x-sent-required-message" in objectAt(properties, name)
    if (!Object.keys(properties).some(hasMessage)) continue
    for (const name of listAt(schema, "required").map(textOf)) {
      if (!hasMessage(name))
        yield { pointer: step(pointer, "properties", name), message: "no message for its absence" }
    }
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

export function* missingDescriptions(document: JsonObject): Iterable<Problem> {
  for (const { kind, pointer, value } of nodes(document)) {
    const key = explanation[kind]
    // What a reference points to has a description of its own.
    if (key === undefined || "$ref" in value) continue
    const text = value[key]
    if (typeof text !== "string" || text.trim() === "") yield { pointer, message: `no ${key}` }
  }
}

/** An example is asked for by its name: it has a plain one, and where it is shared the same wherever it stands. */
export function* awkwardExampleNames(document: JsonObject): Iterable<Problem> {
  const shared = objectAt(objectAt(document, "components"), "examples")
  for (const { kind, pointer, value } of nodesOf(document, "mediaType", "components")) {
    for (const [name, entry] of Object.entries(objectAt(value, "examples"))) {
      const where = step(pointer, "examples", name)
      if (!/^[a-z]+(?:-[a-z]+)*$/.test(name)) yield { pointer: where, message: "not in kebab-case" }
      // A mock serves an answer without a body under this name.
      if (name === "empty") yield { pointer: where, message: "the name has another meaning" }
      const reference = isObject(entry) ? entry["$ref"] : undefined
      const isMeant = reference !== undefined || Object.hasOwn(shared, name)
      if (kind === "mediaType" && isMeant && reference !== `#/components/examples/${name}`) {
        yield { pointer: where, message: "not the shared example of that name" }
      }
    }
  }
}

/** Prism takes the first key of a callback's path item for the method. */
export function* crowdedCallbacks(document: JsonObject): Iterable<Problem> {
  for (const { pointer, value } of nodesOf(document, "callback")) {
    for (const [expression, entry] of Object.entries(value)) {
      if (expression.startsWith("x-")) continue
      const item = resolve(document, entry)
      if (!isObject(item) || Object.keys(item).join() !== "post") {
        yield {
          pointer: step(pointer, expression),
          message: "holds more than its method, or another",
        }
      }
    }
  }
}
