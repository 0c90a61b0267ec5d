/**
 * Splits a document into files so that Redocly rates each use of a component separately. Redocly rates a schema that a
 * request and an update share once, and does not follow references of callbacks among the components. So each direction
 * gets a file with the whole document, and the operations refer to these files. A pointer is the same in each of them.
 */
import { isArray, isObject, type Json, type JsonObject } from "../document/json.ts"
import { methods } from "../document/methods.ts"

/** The file that Redocly starts from. */
export const entry = "contract.json"

export const layOut = (document: JsonObject): Readonly<Record<string, JsonObject>> => {
  const { components, ...rest } = document
  const parts = isObject(components) ? components : {}
  const paths = map(document["paths"], (item) => asPathItem(item, called))
  const outline = (as: Sides): JsonObject => ({
    paths,
    components: {
      callbacks: map(parts["callbacks"], asCallback),
      pathItems: map(parts["pathItems"], (item) => asPathItem(item, as)),
    },
  })
  return {
    // A component that no operation refers to is irrelevant, so the other components are left out.
    [entry]: {
      ...rest,
      paths,
      ...("webhooks" in document && {
        webhooks: map(document["webhooks"], (item) => asPathItem(item, sent)),
      }),
      components: { securitySchemes: parts["securitySchemes"] ?? {} },
    },
    [called.outline]: outline(called),
    [sent.outline]: outline(sent),
    [called.requests]: without(document, "readOnly"),
    [called.responses]: without(document, "writeOnly"),
    // The service sends an update, as it sends a response, and reads the response to it.
    [sent.requests]: without(document, "writeOnly"),
    [sent.responses]: without(document, "readOnly"),
  }
}

/** The files that an operation refers to, for its request, its responses, and its callbacks and path items. */
interface Sides {
  readonly requests: string
  readonly responses: string
  readonly outline: string
}

const called: Sides = {
  requests: "request.json",
  responses: "response.json",
  outline: "called.json",
}

const sent: Sides = {
  requests: "update.json",
  responses: "update-response.json",
  outline: "sent.json",
}

const asPathItem = (item: Json, as: Sides): Json =>
  isReference(item)
    ? into(item, as.outline)
    : map(item, (value, key) =>
        methods.has(key) ? asOperation(value, as) : into(value, as.requests),
      )

const asOperation = (operation: Json, as: Sides): Json =>
  map(operation, (value, key) => {
    if (key === "responses") return into(value, as.responses)
    return key === "callbacks" ? map(value, asCallback) : into(value, as.requests)
  })

const asCallback = (callback: Json): Json =>
  isReference(callback)
    ? into(callback, sent.outline)
    : map(callback, (item) => asPathItem(item, sent))

const isReference = (value: Json): boolean => isObject(value) && typeof value["$ref"] === "string"

const map = (value: Json | undefined, change: (member: Json, key: string) => Json): JsonObject =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {}).map(([key, member]) => [key, change(member, key)]),
  )

/** Makes all references of a value refer to the file. */
const into = (value: Json, file: string): Json => {
  if (isArray(value)) return value.map((item) => into(item, file))
  if (!isObject(value)) return value
  return map(value, (member, key) =>
    key === "$ref" && typeof member === "string" ? `${file}${member}` : into(member, file),
  )
}

/** Removes the properties that do not go in this direction. */
const without = (document: JsonObject, mark: "readOnly" | "writeOnly"): JsonObject => {
  const visit = (value: Json): Json => {
    if (isArray(value)) return value.map(visit)
    if (!isObject(value)) return value
    const { properties, required } = value
    const gone = isObject(properties)
      ? Object.keys(properties).filter((name) => isMarked(properties[name], mark))
      : []
    return map(value, (member, key) => {
      if (gone.length > 0 && key === "required" && isArray(required)) {
        return required.filter((name) => typeof name !== "string" || !gone.includes(name))
      }
      if (gone.length > 0 && key === "properties" && isObject(member)) {
        return visit(
          Object.fromEntries(Object.entries(member).filter(([name]) => !gone.includes(name))),
        )
      }
      return visit(member)
    })
  }
  return map(document, visit)
}

const isMarked = (schema: Json | undefined, mark: string): boolean =>
  isObject(schema) && schema[mark] === true
