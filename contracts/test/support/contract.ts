import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse, stringify } from "yaml"
import { at, isObject } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"

export const contractPath: string = fileURLToPath(
  new URL("../../sent-v1.openapi.yaml", import.meta.url),
)

export const parseDocument = (yaml: string): JsonObject => {
  const document: unknown = parse(yaml)
  if (!isObject(document)) throw new Error("the document is not an object")
  return document
}

export const printDocument = (document: JsonObject): string =>
  stringify(document, { aliasDuplicateObjects: false })

export const contract: JsonObject = parseDocument(readFileSync(contractPath, "utf8"))

/** Where the one operation stands. */
export const sendToPhone = "#/paths/~1v1~1messages~1phone/post"

/** Where its delivery status updates stand. */
export const deliveryStatus =
  "#/components/callbacks/DeliveryStatus/{$request.body#~1webhookUrl}/post"

/** Follows a reference to where it points, and on if that is a reference too. */
export const resolve = (document: JsonObject, value: Json | undefined): Json | undefined => {
  const seen = new Set<string>()
  let target = value
  while (isObject(target) && typeof target["$ref"] === "string") {
    const pointer = target["$ref"]
    if (seen.has(pointer)) return undefined
    seen.add(pointer)
    target = at(document, pointer)
  }
  return target
}
