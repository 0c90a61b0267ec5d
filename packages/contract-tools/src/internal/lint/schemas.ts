/** Rules for what schemas constrain. */
import * as Pattern from "@effect-sent/contract/Pattern"
import type { Oas3Rule, UserContext } from "@redocly/openapi-core"
import { isObject, objectAt, textOf } from "../document/json.ts"
import { knownFormats } from "./validator.ts"
import { onSchemas } from "./visitors.ts"

/** One pattern that does not compile silently switches off Prism's validation of the whole body. */
export const patternsThatDoNotCompile: Oas3Rule = () => ({
  ...onSchemas(checkPatterns),
  SecurityScheme: checkPatterns,
})

const checkPatterns = (value: unknown, context: UserContext): void => {
  if (!isObject(value)) return
  const inKeys = Object.keys(objectAt(value, "patternProperties"))
  for (const pattern of [value["pattern"], value["x-sent-pattern"], ...inKeys]) {
    const problem = typeof pattern === "string" ? Pattern.problemOf(pattern) : undefined
    if (problem !== undefined) {
      context.report({ message: `the pattern does not compile: ${problem}` })
    }
  }
}

/** Validators ignore a format that they do not know. */
export const unknownFormats: Oas3Rule = () =>
  onSchemas((schema, context) => {
    const format = isObject(schema) ? schema["format"] : undefined
    if (format !== undefined && !knownFormats.has(textOf(format))) {
      context.report({ message: `unknown format ${textOf(format)}: validators ignore it` })
    }
  })

/** The format `uuid` also accepts `urn:uuid:` in front, so only a pattern says what a GUID is here. */
export const guidsWithoutPattern: Oas3Rule = () =>
  onSchemas((schema, context) => {
    if (isObject(schema) && schema["format"] === "uuid" && schema["pattern"] === undefined) {
      context.report({ message: "a GUID needs a pattern beside its format" })
    }
  })
