/** Whether an operation can be asked to check a request without executing it, and which bodies ask for that. */
import type { Operation } from "@effect-sent/contract/Contract"
import { isJsonObject, typesOf } from "./values/sample.ts"

/** Whether a schema has the member `sandbox`. */
export const takesSandbox = (schema: unknown): boolean => {
  const properties = isJsonObject(schema) ? schema["properties"] : undefined
  const sandbox = isJsonObject(properties) ? properties["sandbox"] : undefined
  return isJsonObject(sandbox) && typesOf(sandbox).includes("boolean")
}

/** Whether the requests of an operation have it. */
export const hasSandbox = ({ requestBody }: Operation): boolean => takesSandbox(requestBody?.schema)

/** The body of a request that is only checked. */
export const inSandbox = (body: unknown): unknown =>
  isJsonObject(body) ? { ...body, sandbox: true } : body

/** Whether a body can have nothing executed: it asks for the sandbox, or is not an object. */
export const isHarmless = (body: unknown): boolean =>
  !isJsonObject(body) || body["sandbox"] === true
