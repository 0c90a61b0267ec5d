/**
 * Checks the credentials of a request against the headers that an operation declares.
 *
 * @example
 * ```ts
 * import { Contract, Credentials } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const { operations } = await Effect.runPromise(Contract.load())
 * for (const operation of operations) {
 *   const [problem] = Credentials.problems(operation, { "x-api-key": "a key" })
 *   console.assert(problem?.name === "x-sender-id" && problem.kind === "missing")
 * }
 * ```
 */
import type { CredentialHeader, Operation } from "./Operation.ts"

/** A credential that does not conform to the contract. It never contains the value. */
export interface CredentialProblem {
  /** The name of the header, in lower case. */
  readonly name: string
  readonly kind: "missing" | "malformed"
}

type Headers = Readonly<Record<string, string | undefined>>

/**
 * Returns the problems with the credentials of a request.
 *
 * **Details**
 *
 * The result is empty when one of the operation's alternatives is complete and well formed. Otherwise it lists the problems of
 * the first alternative, in contract order.
 *
 * **Gotchas**
 *
 * - Header names must be in lower case.
 * - Only the form is checked, not whether the credentials belong to an account.
 *
 * @example
 * ```ts
 * import { Credentials } from "@effect-sent/contract"
 *
 * const operation = { credentials: [[{ name: "x-api-key", pattern: /^[\x21-\x7E]+$/u }]] }
 * console.assert(Credentials.problems(operation, { "x-api-key": "two words" })[0]?.kind === "malformed")
 * ```
 */
export const problems = (
  { credentials }: Pick<Operation, "credentials">,
  headers: Headers,
): ReadonlyArray<CredentialProblem> => {
  const alternatives = credentials.map((required) =>
    required.flatMap((header): ReadonlyArray<CredentialProblem> => {
      const kind = kindOf(header, headers[header.name] ?? "")
      return kind === undefined ? [] : [{ name: header.name, kind }]
    }),
  )
  const [first = []] = alternatives
  return alternatives.some((found) => found.length === 0) ? [] : first
}

const kindOf = (
  { pattern }: CredentialHeader,
  value: string,
): CredentialProblem["kind"] | undefined => {
  if (value === "") return "missing"
  return pattern === undefined || pattern.test(value) ? undefined : "malformed"
}
