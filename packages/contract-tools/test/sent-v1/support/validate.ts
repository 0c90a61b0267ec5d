/** Validation by the contract's schemas, each read as JSON Schema at its own pointer. */
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { contract } from "./contract.ts"

const ajv = new Ajv2020({ strict: false, allErrors: true })
// CommonJS in an ES module: the plugin is a member of what is imported.
formats.default(ajv)
ajv.addSchema(contract, "contract")

/** What is wrong with a value by the schema at a pointer such as `#/components/schemas/Problem`. */
export const problemsOf = (schemaPointer: string, value: unknown): ReadonlyArray<string> => {
  const validate = ajv.compile({ $ref: `contract${schemaPointer}` })
  return validate(value) ? [] : [ajv.errorsText(validate.errors)]
}
