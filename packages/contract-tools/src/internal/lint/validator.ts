import { Ajv2020 } from "ajv/dist/2020.js"
import type { ValidateFunction } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import type { Json, JsonObject } from "./json.ts"
import { nodesOf } from "./nodes.ts"
import { schemasOf } from "./schemas.ts"

export interface Validator {
  /** What is wrong with a value by the schema at a pointer such as `#/components/schemas/Problem`. */
  readonly problems: (schemaPointer: string, value: Json) => ReadonlyArray<string>
  readonly knowsFormat: (name: string) => boolean
  /** Why none of the schemas can be used; undefined when they can. */
  readonly unreadable: string | undefined
}

export const makeValidator = (document: JsonObject): Validator => {
  const ajv = new Ajv2020({
    allErrors: true,
    // An unknown keyword is a misspelt one. How complete a schema is beyond that, is its author's choice.
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
  })
  // CommonJS in an ES module: the plugin is a member of what is imported.
  formats.default(ajv)
  const known = new Set(Object.keys(ajv.formats))
  // That one is unknown is said once, and not of each example too.
  for (const { value } of nodesOf(document, "schema")) {
    const format = value["format"]
    if (typeof format === "string" && !known.has(format)) ajv.addFormat(format, true)
  }

  const schemas = schemasOf(document)
  // Every reference is to another place in the document, so it is added as if the whole were a schema, one whose own
  // keywords say nothing about a value.
  ajv.addVocabulary(["$anchor", ...Object.keys(schemas)])
  const unreadable = problemOf(() => ajv.addSchema(schemas, "contract"))

  const compiled = new Map<string, ValidateFunction | string>()
  const compile = (pointer: string): ValidateFunction | string => {
    try {
      return ajv.compile({ $ref: `contract${toFragment(pointer)}` })
    } catch (cause) {
      return `the schema does not compile: ${String(cause)}`
    }
  }

  return {
    unreadable: unreadable === undefined ? undefined : `the schemas cannot be read: ${unreadable}`,
    knowsFormat: (name) => known.has(name),
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

const toFragment = (pointer: string): string =>
  `#${pointer.slice(1).split("/").map(encodeURIComponent).join("/")}`

const problemOf = (attempt: () => unknown): string | undefined => {
  try {
    return void attempt()
  } catch (cause) {
    return String(cause)
  }
}
