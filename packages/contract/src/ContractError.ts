/**
 * Why a contract cannot be used. Each message says what is wrong, where, and what to do about it, in one line.
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

/** There is no file at the contract's path. */
export class ContractNotFound extends Schema.TaggedError<ContractNotFound>(
  "ContractError/ContractNotFound",
)("ContractNotFound", {
  /** The file, as an absolute path. */
  path: Schema.String,
}) {
  override get message(): string {
    return `no contract at ${this.path}; check the path, or leave it out to use the bundled contract`
  }
}

/** The file is there but is not a usable contract: not OpenAPI 3, a broken reference, a pattern that does not compile, … */
export class ContractInvalid extends Schema.TaggedError<ContractInvalid>(
  "ContractError/ContractInvalid",
)("ContractInvalid", {
  /** The file, as an absolute path. */
  path: Schema.String,
  /** What is wrong with it. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `the contract ${this.path} cannot be used: ${this.problem}`
  }
}

/** Why a contract cannot be used. */
export type Reason = ContractNotFound | ContractInvalid

/** A contract could not be read or used. `reason` says why; catch one kind with `Effect.catchReason`. */
export class ContractError extends Schema.TaggedError<ContractError>("ContractError/ContractError")(
  "ContractError",
  { reason: Schema.Union([ContractNotFound, ContractInvalid]) },
) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * The message of anything that was thrown, in one line.
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
 * A text with every run of white space as one space.
 *
 * @example
 * ```ts
 * import { ContractError } from "@effect-sent/contract"
 *
 * console.assert(ContractError.oneLine(" a\n b ") === "a b")
 * ```
 */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()
