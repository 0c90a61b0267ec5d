/** What holds for this contract alone. What any contract must hold is a rule of `effect-sent-contract lint`. */
import {
  at,
  isArray,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  resolve,
  textOf,
} from "../../../src/internal/document/json.ts"
import { deliveryStatus, sendToPhone } from "./contract.ts"
import type { Problem } from "./lintDocument.ts"

const lowerCaseStatus = "#/components/schemas/LowerCaseMessageStatus"

/** Each status has an update of its own name, and an update's event speaks of its own status. */
export function* unevenUpdates(document: JsonObject): Iterable<Problem> {
  const statuses = listAt(at(document, "#/components/schemas/MessageStatus"), "enum").map(textOf)
  const lowerCase = listAt(at(document, lowerCaseStatus), "enum").map(textOf)
  if (statuses.join().toLowerCase() !== lowerCase.join()) {
    yield {
      pointer: lowerCaseStatus,
      message: "the statuses in lower case are not the same statuses",
    }
  }

  const content = objectAt(objectAt(at(document, deliveryStatus), "requestBody"), "content")
  const examples = objectAt(content["application/json"], "examples")
  const statusOf = (name: string): Json | undefined =>
    objectAt(objectAt(resolve(document, examples[name]), "value"), "payload")["message_status"]

  for (const status of statuses) {
    if (statusOf(status.toLowerCase()) !== status)
      yield { pointer: deliveryStatus, message: `${status}: no example of its own` }
  }
  for (const [name, entry] of Object.entries(examples)) {
    const update = objectAt(resolve(document, entry), "value")
    const event = update["sub_type"] ?? update["event"]
    if (event !== undefined && event !== `message.${textOf(statusOf(name)).toLowerCase()}`) {
      yield {
        pointer: deliveryStatus,
        message: `${name}: the event ${textOf(event)} is not that of its status`,
      }
    }
  }
}

/** Of several requirements any one would do, so both headers must stand in the only one. */
export function* looseSecurity(document: JsonObject): Iterable<Problem> {
  const schemes = objectAt(objectAt(document, "components"), "securitySchemes")
  const headers = Object.values(schemes).map((scheme) =>
    isObject(scheme) && scheme["in"] === "header" ? textOf(scheme["name"]) : "",
  )
  if (headers.toSorted().join() !== "x-api-key,x-sender-id") {
    yield {
      pointer: "#/components/securitySchemes",
      message: "the security headers are not x-api-key and x-sender-id",
    }
  }

  const operation = at(document, sendToPhone)
  const own = isObject(operation) ? operation["security"] : undefined
  const requirements = own ?? document["security"]
  const [only, ...others] = isArray(requirements) ? requirements : []
  const needed = isObject(only) ? Object.keys(only).toSorted().join() : ""
  if (others.length > 0 || needed !== Object.keys(schemes).toSorted().join()) {
    yield { pointer: sendToPhone, message: "a request is not held to both security headers" }
  }
}
