/** Reasons of core as those of Effect 3. */
import type { ReasonValue } from "@effect-sent/facade/Value"
import { classes, type Reason } from "../reason.ts"
import { nativeFields } from "./values.ts"

/** The reason that a plain one stands for. */
export const nativeReason = ({ _tag, fields }: Omit<ReasonValue, "message">): Reason => {
  // A test compares the reasons of core with these classes: each has one, with the same fields.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const Class = (classes as Readonly<Record<string, unknown>>)[_tag] as new (
    fields: object,
  ) => Reason
  return new Class(nativeFields(fields))
}
