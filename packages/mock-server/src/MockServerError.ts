/**
 * The error of the mock server, and its reasons. Each message says what is wrong, where, and what to do about it, in one
 * line.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(MockServer.make({ contract: "/no/such/file.yaml" })).pipe(
 *   Effect.as("started"),
 *   Effect.catchReason("MockServerError", "ContractNotFound", (reason) =>
 *     Effect.succeed(`no file at ${reason.path}`),
 *   ),
 * )
 *
 * console.log(await Effect.runPromise(program))
 * ```
 */
import { ContractInvalid, ContractNotFound } from "@effect-sent/contract/ContractError"
import * as Schema from "effect/Schema"

/** Something else listens on the port. */
export class PortInUse extends Schema.TaggedError<PortInUse>("MockServerError/PortInUse")(
  "PortInUse",
  {
    /** The host that was to be listened on. */
    host: Schema.String,
    /** The port that is taken. */
    port: Schema.Number,
  },
) {
  override get message(): string {
    return `port ${this.port} of ${this.host} is in use; stop what listens there or choose another port (0 picks a free one)`
  }
}

/** The host cannot be listened on: it is not an address of this machine, the port needs more rights, … */
export class AddressUnavailable extends Schema.TaggedError<AddressUnavailable>(
  "MockServerError/AddressUnavailable",
)("AddressUnavailable", {
  /** The host that was to be listened on. */
  host: Schema.String,
  /** The port that was to be listened on. */
  port: Schema.Number,
  /** What the system said, e.g. `EADDRNOTAVAIL`. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `cannot listen on port ${this.port} of ${this.host} (${this.problem}); choose another host or port`
  }
}

/** An option has a value that it cannot have. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>(
  "MockServerError/InvalidOption",
)("InvalidOption", {
  /** The option's name. */
  option: Schema.String,
  /** What it must be. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `option ${this.option}: ${this.problem}`
  }
}

/** Why a mock server did not start. */
export type Reason =
  ContractNotFound | ContractInvalid | PortInUse | AddressUnavailable | InvalidOption

/** A mock server did not start. `reason` says why; catch one kind with `Effect.catchReason`. */
export class MockServerError extends Schema.TaggedError<MockServerError>(
  "MockServerError/MockServerError",
)("MockServerError", {
  /** What went wrong. */
  reason: Schema.Union([
    ContractNotFound,
    ContractInvalid,
    PortInUse,
    AddressUnavailable,
    InvalidOption,
  ]),
}) {
  override get message(): string {
    return this.reason.message
  }
}
