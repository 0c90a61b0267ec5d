/** The rule for descriptions. */
import type { Oas3Rule } from "@redocly/openapi-core"
import { isObject } from "../document/json.ts"

/** The member that describes each kind of object, as Redocly names it. */
const explanations: Readonly<Record<string, string>> = {
  Info: "description",
  Tag: "description",
  Server: "description",
  Operation: "description",
  Parameter: "description",
  RequestBody: "description",
  Response: "description",
  Header: "description",
  Schema: "description",
  SecurityScheme: "description",
  Example: "summary",
}

export const missingDescriptions: Oas3Rule = () => ({
  any: {
    enter: (value, context) => {
      const key = explanations[context.type.name]
      if (key === undefined || !isObject(value)) return
      const text = value[key]
      if (typeof text !== "string" || text.trim() === "") context.report({ message: `no ${key}` })
    },
  },
})
