import { isArray, isObject, step } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"

/** The kinds of object that OpenAPI has in places where the checks look. */
export type Kind =
  | "document"
  | "info"
  | "tag"
  | "server"
  | "components"
  | "pathItem"
  | "operation"
  | "callback"
  | "parameter"
  | "requestBody"
  | "response"
  | "header"
  | "mediaType"
  | "example"
  | "schema"
  | "securityScheme"

export interface Node {
  readonly kind: Kind
  readonly pointer: string
  readonly value: JsonObject
}

type Children = Readonly<Record<string, readonly ["one" | "list" | "map", Kind]>>

const parameterLike: Children = {
  schema: ["one", "schema"],
  content: ["map", "mediaType"],
  examples: ["map", "example"],
}

// Only what is named here is entered, so that nothing inside an example is taken for a schema.
export const childrenOf: Readonly<Record<Kind, Children>> = {
  document: {
    info: ["one", "info"],
    tags: ["list", "tag"],
    servers: ["list", "server"],
    paths: ["map", "pathItem"],
    webhooks: ["map", "pathItem"],
    components: ["one", "components"],
  },
  info: {},
  tag: {},
  server: {},
  components: {
    schemas: ["map", "schema"],
    responses: ["map", "response"],
    parameters: ["map", "parameter"],
    examples: ["map", "example"],
    requestBodies: ["map", "requestBody"],
    headers: ["map", "header"],
    securitySchemes: ["map", "securityScheme"],
    callbacks: ["map", "callback"],
    pathItems: ["map", "pathItem"],
  },
  pathItem: {
    parameters: ["list", "parameter"],
    servers: ["list", "server"],
    get: ["one", "operation"],
    put: ["one", "operation"],
    post: ["one", "operation"],
    delete: ["one", "operation"],
    options: ["one", "operation"],
    head: ["one", "operation"],
    patch: ["one", "operation"],
    trace: ["one", "operation"],
  },
  operation: {
    parameters: ["list", "parameter"],
    servers: ["list", "server"],
    requestBody: ["one", "requestBody"],
    responses: ["map", "response"],
    callbacks: ["map", "callback"],
  },
  callback: {},
  parameter: parameterLike,
  header: parameterLike,
  requestBody: { content: ["map", "mediaType"] },
  response: { headers: ["map", "header"], content: ["map", "mediaType"] },
  mediaType: { schema: ["one", "schema"], examples: ["map", "example"] },
  example: {},
  schema: {
    properties: ["map", "schema"],
    patternProperties: ["map", "schema"],
    dependentSchemas: ["map", "schema"],
    $defs: ["map", "schema"],
    allOf: ["list", "schema"],
    anyOf: ["list", "schema"],
    oneOf: ["list", "schema"],
    prefixItems: ["list", "schema"],
    items: ["one", "schema"],
    contains: ["one", "schema"],
    additionalProperties: ["one", "schema"],
    unevaluatedItems: ["one", "schema"],
    unevaluatedProperties: ["one", "schema"],
    propertyNames: ["one", "schema"],
    not: ["one", "schema"],
    if: ["one", "schema"],
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: ["one", "schema"],
    else: ["one", "schema"],
  },
  securityScheme: {},
}

/**
 * Every object of the document with what it is and where. A reference is left out, as what it points
 * to comes up in its own place; but not that of a schema, which may say more beside it.
 */
export const nodes = (document: JsonObject): ReadonlyArray<Node> => {
  const found: Array<Node> = []

  const enter = (kind: Kind, pointer: string, value: Json): void => {
    if (!isObject(value) || ("$ref" in value && kind !== "schema")) return
    found.push({ kind, pointer, value })
    if (kind === "callback") enterEach("pathItem", pointer, value)
    for (const [key, [shape, child]] of Object.entries(childrenOf[kind])) {
      const member = value[key]
      if (member === undefined) continue
      const inside = step(pointer, key)
      if (shape === "one") enter(child, inside, member)
      else enterEach(child, inside, member)
    }
  }

  const enterEach = (kind: Kind, pointer: string, members: Json): void => {
    if (isArray(members)) {
      for (const [index, member] of members.entries()) enter(kind, step(pointer, index), member)
    } else if (isObject(members)) {
      for (const [key, member] of Object.entries(members)) {
        // Where these stand, OpenAPI takes extensions too. In other maps `x-` may begin a name.
        const isExtension = (kind === "pathItem" || kind === "response") && key.startsWith("x-")
        if (!isExtension) enter(kind, step(pointer, key), member)
      }
    }
  }

  enter("document", "#", document)
  return found
}

export const nodesOf = (document: JsonObject, ...kinds: ReadonlyArray<Kind>): ReadonlyArray<Node> =>
  nodes(document).filter((node) => kinds.includes(node.kind))
