import { Ajv2020 } from "ajv/dist/2020.js"
import type { ValidateFunction } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import type { Json, JsonObject } from "./json.ts"

export interface Validator {
  /** What is wrong with a value by the schema at a pointer such as `#/components/schemas/Problem`. */
  readonly problems: (schemaPointer: string, value: Json) => ReadonlyArray<string>
  readonly knowsFormat: (name: string) => boolean
}

export const makeValidator = (document: JsonObject): Validator => {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
  // CommonJS in an ES module: the plugin is a member of what is imported.
  formats.default(ajv)
  ajv.addVocabulary(["x-sent-required-message"])
  // Every reference in the document is to another place in it, so it is added as if the whole were a
  // schema, one whose own keywords say nothing about a value.
  ajv.addVocabulary(Object.keys(document))
  ajv.addSchema(document, "contract")

  const compiled = new Map<string, ValidateFunction | string>()
  const compile = (pointer: string): ValidateFunction | string => {
    try {
      return ajv.compile({ $ref: `contract${encodeURI(pointer)}` })
    } catch (cause) {
      return `the schema does not compile: ${String(cause)}`
    }
  }

  return {
    knowsFormat: (name) => Object.hasOwn(ajv.formats, name),
    problems: (pointer, value) => {
      const validate = compiled.get(pointer) ?? compile(pointer)
      compiled.set(pointer, validate)
      if (typeof validate === "string") return [validate]
      if (validate(value)) return []
      return (validate.errors ?? []).map(
        (error) => `${error.instancePath || "the value"} ${error.message ?? error.keyword}`,
      )
    },
  }
}
