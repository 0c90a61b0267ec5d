import { Contract } from "@effect-sent/contract"
import { readFileSync } from "node:fs"
import { parse } from "yaml"
import { isObject, type JsonObject } from "../../../src/internal/document/json.ts"

export const contractPath: string = Contract.bundledPath

const parseDocument = (yaml: string): JsonObject => {
  const document: unknown = parse(yaml)
  if (!isObject(document)) throw new Error("the document is not an object")
  return document
}

export const contract: JsonObject = parseDocument(readFileSync(contractPath, "utf8"))

/** Where the one operation stands. */
export const sendToPhone = "#/paths/~1v1~1messages~1phone/post"

/** Where its delivery status updates stand. */
export const deliveryStatus =
  "#/components/callbacks/DeliveryStatus/{$request.body#~1webhookUrl}/post"
