/** The contract as the tests of core read it: its document, and Prism's verdicts by it. */
import { Contract, ContractValidator } from "@effect-sent/contract"
import { Effect, Predicate } from "effect"

export const contract = await Effect.runPromise(Contract.load())

/** What stands there in the document, whose references are resolved; undefined where there is nothing. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, name) => (Predicate.hasProperty(inner, name) ? inner[name] : undefined),
    value,
  )

/** A part of the document's `components`. */
export const component = (...path: ReadonlyArray<string>): unknown =>
  at(contract.document, "components", ...path)

const only = <A>(values: ReadonlyArray<A>): A => {
  const [value] = values
  if (value === undefined || values.length > 1) throw new Error(`${values.length} and not one`)
  return value
}

/** The one operation. */
export const sendToPhone: Contract.Operation = only(contract.operations)

/** The callback of the delivery updates. */
export const callback: unknown = at(
  only(Object.values(Object(component("callbacks", "DeliveryStatus")))),
  "post",
)

/** Prism's verdicts on requests. */
export const requests = await Effect.runPromise(ContractValidator.make(contract))

/** The callback as an operation of its own: Prism validates no callbacks, but it does validate requests. */
export const update: Contract.Operation = {
  method: "POST",
  path: "/updates",
  credentials: [],
  requestBody: {
    required: true,
    contents: [
      { mediaType: "application/json", schema: sendToPhone.updates?.schema, examples: [] },
    ],
    mediaTypes: Object.keys(Object(at(callback, "requestBody", "content"))),
    schema: sendToPhone.updates?.schema,
    examples: [],
  },
  responses: [],
  scenarios: [],
  updates: undefined,
}

/** Prism's verdicts on updates. */
export const updates = await Effect.runPromise(
  ContractValidator.make({
    ...contract,
    operations: [update],
    document: { ...contract.document, paths: { [update.path]: { post: callback } } },
  }),
)
