/**
 * The error of the mock server and its reasons. Each message is one line that says what failed, where, and what to do.
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

/** Another process listens on the port. */
export class PortInUse extends Schema.TaggedError<PortInUse>("MockServerError/PortInUse")(
  "PortInUse",
  {
    /** The requested host. */
    host: Schema.String,
    /** The port that is in use. */
    port: Schema.Number,
  },
) {
  override get message(): string {
    return `port ${this.port} of ${this.host} is in use; stop the process that listens on it or choose another port (0 picks a free one)`
  }
}

/** The server cannot listen on the address: the host is not an address of this machine, the port needs more privileges, … */
export class AddressUnavailable extends Schema.TaggedError<AddressUnavailable>(
  "MockServerError/AddressUnavailable",
)("AddressUnavailable", {
  /** The requested host. */
  host: Schema.String,
  /** The requested port. */
  port: Schema.Number,
  /** The error code of the system, e.g. `EADDRNOTAVAIL`. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `cannot listen on port ${this.port} of ${this.host} (${this.problem}); choose another host or port`
  }
}

/** An option has an invalid value. */
export class InvalidOption extends Schema.TaggedError<InvalidOption>(
  "MockServerError/InvalidOption",
)("InvalidOption", {
  /** The name of the option. */
  option: Schema.String,
  /** What the value must be. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `option ${this.option}: ${this.problem}`
  }
}

/** Why a mock server could not be started or a fault could not be added. */
export type Reason =
  ContractNotFound | ContractInvalid | PortInUse | AddressUnavailable | InvalidOption

/** A mock server could not be started, or a fault could not be added. `reason` says why; handle one with `Effect.catchReason`. */
export class MockServerError extends Schema.TaggedError<MockServerError>(
  "MockServerError/MockServerError",
)("MockServerError", {
  /** Why the operation failed. */
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
