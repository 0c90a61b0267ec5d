/** Rules for the examples that a mock serves and that people read. */
import { emptyExample } from "@effect-sent/contract/Scenario"
import type { Oas3Rule, UserContext } from "@redocly/openapi-core"
import { isObject, type JsonObject, listAt, objectAt, textOf } from "../document/json.ts"
import { makeValidator } from "./validator.ts"
import {
  type Located,
  isKebabCase,
  type Member,
  member,
  members,
  onOperations,
  onSchemas,
} from "./visitors.ts"

/** Every value that stands as an example of a schema: in media types, parameters, headers and schemas. */
export const nonconformingExamples: Oas3Rule = () => {
  const validator = makeValidator()
  const examples: Array<Located & { readonly schema: Located }> = []
  const ids = new Set<unknown>()

  const collect = (holder: unknown, context: UserContext): void => {
    const { location } = context
    // Without a schema, any value conforms.
    if (!isObject(holder) || holder["schema"] === undefined) return
    const schema = { value: holder["schema"], location }
    if (holder["example"] !== undefined) {
      examples.push({ schema, value: holder["example"], location: location.child("example") })
    }
    const named = member(context, { value: holder, location }, "examples")
    for (const { name, value } of members(context, named)) {
      if (isObject(value) && "externalValue" in value) continue
      // An example without a value, or a reference to none, must not count as one that conforms.
      const sample = isObject(value) ? (value["value"] ?? null) : null
      examples.push({ schema, value: sample, location: location.child(["examples", name]) })
    }
  }
  return [
    validator.visitor,
    // Redocly validates `example` in schemas; it is not a keyword of JSON Schema.
    onSchemas((value, context) => {
      if (!isObject(value)) return
      const { location } = context
      const schema = { value, location }
      if (value["default"] !== undefined) {
        examples.push({ schema, value: value["default"], location: location.child("default") })
      }
      for (const [index, example] of listAt(value, "examples").entries()) {
        examples.push({ schema, value: example, location: location.child(["examples", index]) })
      }
      const { $id } = value
      if ($id === undefined) return
      if (ids.has($id)) context.report({ message: `another schema has the $id ${textOf($id)}` })
      ids.add($id)
    }),
    {
      MediaType: collect,
      Parameter: collect,
      Header: collect,
      Root: {
        // Schemas may refer to each other, so all have to be known.
        leave: (_, context) => {
          for (const { location, schema, value } of examples) {
            for (const message of validator.problems(context, schema, value)) {
              context.report({ message, location })
            }
          }
        },
      },
    },
  ]
}

/** Every body, parameter and header has an example. */
export const missingExamples: Oas3Rule = () => ({
  MediaType: checkForExample,
  Parameter: checkForExample,
  Header: checkForExample,
})

const checkForExample = (holder: unknown, context: UserContext): void => {
  // With `content`, the example is in the media type.
  if (!isObject(holder) || "content" in holder || holder["example"] !== undefined) return
  if (Object.keys(objectAt(holder, "examples")).length === 0) {
    context.report({ message: "no example" })
  }
}

/** Every error has its examples under every media type that a caller may accept. */
export const unevenErrorExamples: Oas3Rule = () =>
  onOperations((value, context) => {
    const responses = member(context, { value, location: context.location }, "responses")
    const errors = members(context, responses)
      .filter(({ name }) => !/^[1-3]|^x-/.test(name))
      .map(({ name, value: error }) => [name, objectAt(error, "content")] as const)
      .filter(([name, content]) => name !== "default" || Object.keys(content).length > 0)
    const types = new Set(errors.flatMap(([, content]) => Object.keys(content)))
    for (const [name, content] of errors) {
      const location = context.location.child(["responses", name])
      const listed = [...types].map(
        (type) => [type, Object.keys(objectAt(content[type], "examples")).join()] as const,
      )
      for (const [type, names] of listed) {
        if (names === "") context.report({ message: `no named example under ${type}`, location })
      }
      if (new Set(listed.map(([, names]) => names)).size > 1) {
        context.report({ message: "the media types differ in their examples", location })
      }
    }
  })

/** The `x-sent-headers` of each example are declared by its response, complete and valid. */
export const unfitExampleHeaders: Oas3Rule = () => {
  const validator = makeValidator()
  const problemsOf = (
    context: UserContext,
    declared: ReadonlyArray<Member>,
    sent: JsonObject,
  ): ReadonlyArray<string> => {
    const missing = declared.filter(
      ({ name, value }) =>
        isObject(value) && value["required"] === true && !Object.hasOwn(sent, name),
    )
    const wrong = Object.entries(sent).flatMap(([name, text]) => {
      const header = declared.find((one) => one.name === name)
      if (header === undefined) return [`the header ${name} is not declared`]
      const schema = member(context, header, "schema")
      if (schema.value === undefined) return []
      return validator
        .problems(context, schema, headerValue(textOf(text), schema.value))
        .map((problem) => `${name} ${problem}`)
    })
    return [...missing.map(({ name }) => `the required header ${name} is missing`), ...wrong]
  }
  return [
    validator.visitor,
    {
      Response: {
        leave: (value, context) => {
          const response = { value, location: context.location }
          const declared = members(context, member(context, response, "headers"))
          for (const media of members(context, member(context, response, "content"))) {
            for (const example of members(context, member(context, media, "examples"))) {
              const location = media.location.child(["examples", example.name])
              const sent = objectAt(example.value, "x-sent-headers")
              for (const message of problemsOf(context, declared, sent)) {
                context.report({ message, location })
              }
            }
          }
        },
      },
    },
  ]
}

/** A header's text as a number if its schema describes one. */
const headerValue = (text: string, schema: unknown): string | number =>
  isObject(schema) && schema["type"] === "integer" && /^-?(?:0|[1-9][0-9]*)$/.test(text)
    ? Number(text)
    : text

/** An example is asked for by name: a plain one and, for a shared example, the same everywhere. */
export const awkwardExampleNames: Oas3Rule = () => {
  let shared: JsonObject = {}
  return {
    Root: (root) => {
      shared = objectAt(objectAt(root, "components"), "examples")
    },
    NamedExamples: (examples, context) => checkNames(examples, context, context.location),
    MediaType: (media, context) => {
      const examples = objectAt(media, "examples")
      const place = context.location.child("examples")
      checkNames(examples, context, place)
      for (const [name, entry] of Object.entries(examples)) {
        const reference = isObject(entry) ? entry["$ref"] : undefined
        const isAsNamed =
          reference === undefined
            ? !Object.hasOwn(shared, name)
            : nameIn(textOf(reference)) === name
        if (isAsNamed) continue
        const message = "not the shared example of that name"
        context.report({ message, location: place.child([name]) })
      }
    },
  }
}

const checkNames = (
  examples: object,
  context: UserContext,
  place: UserContext["location"],
): void => {
  for (const name of Object.keys(examples)) {
    const location = place.child([name])
    if (!isKebabCase(name)) context.report({ message: "not in kebab-case", location })
    if (name === emptyExample) {
      context.report({
        message: "reserved: `example=empty` asks a mock for an empty body",
        location,
      })
    }
  }
}

/** The name at the end of a reference, which may be that of a file. */
const nameIn = (reference: string): string | undefined =>
  reference
    .replace(/\.(?:json|ya?ml)$/, "")
    .split(/[/#]/)
    .at(-1)
