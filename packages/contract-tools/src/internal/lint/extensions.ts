/** Rules for the `x-sent-` extensions, which contracts/README.md describes. */
import type { Oas3Rule, UserContext } from "@redocly/openapi-core"
import { isObject, listAt, objectAt, textOf } from "../document/json.ts"
import type { Located } from "./visitors.ts"

type Accepts = (value: unknown) => boolean

const isText: Accepts = (value) => typeof value === "string" && value !== ""

/** The extensions of each kind of object, as Redocly names it, and the values that they accept. */
const extensions: Readonly<Record<string, Readonly<Record<string, Accepts>>>> = {
  Example: {
    "x-sent-headers": (value) => isObject(value) && Object.values(value).every(isText),
  },
  Response: { "x-sent-empty-body": (value) => value === true },
  SecurityScheme: { "x-sent-pattern": isText },
  Schema: { "x-sent-required-message": isText, "x-sent-varies": (value) => value === true },
  // The scenarios have rules of their own.
  Operation: { "x-sent-scenarios": isObject, "x-sent-webhook": isText },
}

/** Every key that begins with `x-sent-` is an extension of its object and has a valid value. */
export const misusedExtensions: Oas3Rule = () => {
  const ofResponses = new Set<unknown>()
  const withHeaders: Array<Located> = []
  const ofWebhooks: Array<Located> = []
  return {
    any: { enter: checkExtensions },
    ref: checkExtensions,
    Response: { MediaType: { Example: (example) => void ofResponses.add(example) } },
    Example: (example, { location }) => {
      if ("x-sent-headers" in example) withHeaders.push({ value: example, location })
    },
    Operation: (operation: object, { location }) => {
      if ("x-sent-webhook" in operation) {
        ofWebhooks.push({ value: operation["x-sent-webhook"], location })
      }
    },
    Root: {
      leave: (root, context) => {
        for (const { location, value } of ofWebhooks) {
          const name = textOf(value)
          if (Object.hasOwn(objectAt(root, "webhooks"), name)) continue
          const message = `there is no webhook ${name}`
          context.report({ message, location: location.child("x-sent-webhook") })
        }
        const message = "has x-sent-headers but is not an example of a response"
        for (const { location, value } of withHeaders) {
          if (!ofResponses.has(value)) context.report({ message, location })
        }
      },
    },
  }
}

const checkExtensions = (value: unknown, context: UserContext): void => {
  const { location, type } = context
  // The other objects are maps, whose keys are names.
  if (!isObject(value) || type.extensionsPrefix === undefined) return
  for (const [key, extension] of Object.entries(value)) {
    if (!key.startsWith("x-sent-")) continue
    const accepts = extensions[type.name]?.[key]
    if (accepts?.(extension) === true) continue
    const message =
      accepts === undefined
        ? `${key} is not an extension of this object`
        : `not a value that ${key} accepts`
    context.report({ message, location: location.child(key) })
  }
  for (const [name, property] of Object.entries(objectAt(value, "properties"))) {
    const isRequired = listAt(value, "required").includes(name)
    if (!isRequired && isObject(property) && "x-sent-required-message" in property) {
      context.report({ message: `${name} has x-sent-required-message but is not required` })
    }
  }
}

/** A mock responds with these messages: if one required property of a request has one, each must. */
export const missingRequiredMessages: Oas3Rule = () => ({
  Paths: {
    PathItem: {
      Operation: {
        RequestBody: {
          MediaType: {
            Schema: (schema, context) => {
              const properties = objectAt(schema, "properties")
              const hasMessage = (name: string): boolean =>
                "x-sent-required-message" in objectAt(properties, name)
              if (!Object.keys(properties).some(hasMessage)) return
              for (const name of listAt(schema, "required").map(textOf)) {
                const location = context.location.child(["properties", name])
                if (!hasMessage(name)) {
                  context.report({ message: "no x-sent-required-message", location })
                }
              }
            },
          },
        },
      },
    },
  },
})
