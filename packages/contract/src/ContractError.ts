/**
 * The error of this package: a contract could not be read or used. Each message is one line that names the file and the
 * problem.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const program = Contract.load("/no/such/file.yaml").pipe(
 *   Effect.as("loaded"),
 *   Effect.catchReason("ContractError", "ContractNotFound", (reason) =>
 *     Effect.succeed(`no file at ${reason.path}`),
 *   ),
 * )
 *
 * console.assert((await Effect.runPromise(program)).startsWith("no file at "))
 * ```
 */
import * as Schema from "effect/Schema"

/** The contract file does not exist. */
export class ContractNotFound extends Schema.TaggedError<ContractNotFound>(
  "ContractError/ContractNotFound",
)("ContractNotFound", {
  /** The absolute path of the file. */
  path: Schema.String,
}) {
  override get message(): string {
    return `no contract at ${this.path}; check the path, or omit it to use the bundled contract`
  }
}

/** The file exists but is not a usable contract: not OpenAPI 3, a broken reference, a pattern that does not compile, … */
export class ContractInvalid extends Schema.TaggedError<ContractInvalid>(
  "ContractError/ContractInvalid",
)("ContractInvalid", {
  /** The absolute path of the file. */
  path: Schema.String,
  /** What is wrong with the contract, as a clause. */
  problem: Schema.String,
  /** Where, if it is one place. From 1. */
  line: Schema.optionalKey(Schema.Int),
  /** From 1. */
  column: Schema.optionalKey(Schema.Int),
}) {
  override get message(): string {
    const place = this.line === undefined ? "" : `:${this.line}:${this.column ?? 1}`
    return `the contract ${this.path}${place} cannot be used: ${this.problem}`
  }
}

/** Why a contract cannot be used. */
export type Reason = ContractNotFound | ContractInvalid

/** A contract could not be read or used. `reason` says why; handle a single reason with `Effect.catchReason`. */
export class ContractError extends Schema.TaggedError<ContractError>("ContractError/ContractError")(
  "ContractError",
  { reason: Schema.Union([ContractNotFound, ContractInvalid]) },
) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * Returns the message of a thrown value, on one line.
 *
 * @example
 * ```ts
 * import { ContractError } from "@effect-sent/contract"
 *
 * console.assert(ContractError.messageOf(new Error("line 1\n  line 2")) === "line 1 line 2")
 * ```
 */
export const messageOf = (cause: unknown): string =>
  oneLine(cause instanceof Error ? cause.message : String(cause))

/**
 * Trims a text and replaces each run of white space with one space.
 *
 * @example
 * ```ts
 * import { ContractError } from "@effect-sent/contract"
 *
 * console.assert(ContractError.oneLine(" a\n b ") === "a b")
 * ```
 */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()
