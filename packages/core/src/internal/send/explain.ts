/**
 * Decodes with a schema, and explains failures by path and rule, without values.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Issue } from "./reason.ts"

const wrongType: Readonly<Record<string, string>> = {
  String: "must be a string",
  Boolean: "must be true or false",
  Arrays: "must be a list",
}

// The checks of the schemas have messages. Other issues get one here, since Effect's own messages print the value, which
// can be a phone number or a key.
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    switch (issue._tag) {
      case "MissingKey":
        return "is required"
      case "UnexpectedKey":
        return "is not a known field"
      case "InvalidType":
        return wrongType[issue.ast._tag] ?? "must be an object"
      default:
        return "is invalid"
    }
  },
})

/** Decodes an unknown value. Fails with every issue. */
export const decodeOrExplain = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
): ((input: unknown) => Effect.Effect<S["Type"], ReadonlyArray<Issue>>) => {
  const decode = Schema.decodeUnknownEffect(schema, { errors: "all", onExcessProperty: "error" })
  return (input) =>
    Effect.mapError(decode(input), (error) =>
      format(error.issue).issues.map(({ message, path = [] }) => ({
        path: path.map((segment) => String(typeof segment === "object" ? segment.key : segment)),
        message,
      })),
    )
}
