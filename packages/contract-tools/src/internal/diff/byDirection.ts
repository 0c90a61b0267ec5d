/**
 * Lays a document out so that Redocly rates each use of a component by itself. A schema that both a request and an update
 * refer to is one to Redocly, and it does not follow what only a callback among the components refers to. So each
 * direction has a file of its own with the whole document in it, and the operations refer into these. A pointer means the
 * same in all of them.
 */
import { isArray, isObject, type Json, type JsonObject } from "../document/json.ts"

/** Where the comparison begins. */
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
    // What no operation refers to reaches nobody, so the other components are left out.
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
    [called.asks]: without(document, "readOnly"),
    [called.responses]: without(document, "writeOnly"),
    // An update is sent by the service, as a response is, and the response to it is read by the service.
    [sent.asks]: without(document, "writeOnly"),
    [sent.responses]: without(document, "readOnly"),
  }
}

/** The files in which an operation's two sides are, and its own parts where these are components. */
interface Sides {
  readonly asks: string
  readonly responses: string
  readonly outline: string
}

const called: Sides = { asks: "request.json", responses: "response.json", outline: "called.json" }

const sent: Sides = { asks: "update.json", responses: "update-response.json", outline: "sent.json" }

const methods = new Set(["get", "put", "post", "delete", "options", "head", "patch", "trace"])

const asPathItem = (item: Json, as: Sides): Json =>
  isReference(item)
    ? into(item, as.outline)
    : map(item, (value, key) => (methods.has(key) ? asOperation(value, as) : into(value, as.asks)))

const asOperation = (operation: Json, as: Sides): Json =>
  map(operation, (value, key) => {
    if (key === "responses") return into(value, as.responses)
    return key === "callbacks" ? map(value, asCallback) : into(value, as.asks)
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

/** All references of the value lead into the file. */
const into = (value: Json, file: string): Json => {
  if (isArray(value)) return value.map((item) => into(item, file))
  if (!isObject(value)) return value
  return map(value, (member, key) =>
    key === "$ref" && typeof member === "string" ? `${file}${member}` : into(member, file),
  )
}

/** Without the properties that do not go that way. */
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
