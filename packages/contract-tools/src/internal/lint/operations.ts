/** What can be called in a document, and what belongs to it. */
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  pointerOf,
  resolve,
  step,
} from "./json.ts"
import { type Node, nodesOf } from "./nodes.ts"

/** Those that a caller calls; a callback's is the other way round. */
export const operationsOf = (document: JsonObject): ReadonlyArray<Node> =>
  nodesOf(document, "operation").filter(
    ({ pointer }) => pointer.startsWith("#/paths/") && !pointer.includes("/callbacks/"),
  )

export interface ResponseOf {
  readonly status: string
  readonly pointer: string
  /** Its reference resolved. */
  readonly response: JsonObject
}

export const responsesOf = (
  document: JsonObject,
  { pointer, value }: Node,
): ReadonlyArray<ResponseOf> =>
  Object.entries(objectAt(value, "responses"))
    .filter(([status]) => !status.startsWith("x-"))
    .map(([status, entry]) => {
      const response = resolve(document, entry)
      return {
        status,
        pointer: step(pointer, "responses", status),
        response: isObject(response) ? response : {},
      }
    })

/** Where the schema of a request stands at last. */
export const requestSchema = (document: JsonObject, { pointer, value }: Node): string => {
  const own = step(pointer, "requestBody")
  const body = pointerOf(document, value["requestBody"]) ?? own
  const [type = "application/json"] = Object.keys(objectAt(at(document, body), "content"))
  const schema = step(body, "content", type, "schema")
  return pointerOf(document, at(document, schema)) ?? schema
}

/** The examples of an operation's updates, by name. */
export const updateExamples = (document: JsonObject, { value }: Node): JsonObject => {
  const found: Record<string, Json> = {}
  for (const entry of Object.values(objectAt(value, "callbacks"))) {
    const callback = resolve(document, entry)
    for (const item of Object.values(isObject(callback) ? callback : {})) {
      const body = resolve(document, objectAt(resolve(document, item), "post")["requestBody"])
      for (const media of Object.values(objectAt(body, "content"))) {
        Object.assign(found, objectAt(media, "examples"))
      }
    }
  }
  return found
}
