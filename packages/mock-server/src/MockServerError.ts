/**
 * The one error of the mock server, and the reasons it can have. Each message says what is wrong, where, and
 * what to do about it, in one line.
 */
import * as Schema from "effect/Schema"

/**
 * There is no file where the contract was looked for.
 *
 * @example
 * ```ts
 * import { MockServerError } from "@effect-sent/mock-server"
 *
 * const reason = new MockServerError.ContractNotFound({ path: "/srv/contract.yaml" })
 * console.assert(reason.message.startsWith("there is no contract at /srv/contract.yaml"))
 * ```
 */
export class ContractNotFound extends Schema.TaggedError<ContractNotFound>(
  "MockServerError/ContractNotFound",
)("ContractNotFound", {
  /** The file, as an absolute path. */
  path: Schema.String,
}) {
  override get message(): string {
    return `there is no contract at ${this.path}; check the path, or leave it out to use the bundled contract`
  }
}

/**
 * The contract is there and cannot be served: it is no OpenAPI 3 document, a reference in it leads nowhere, a
 * pattern does not compile, …
 *
 * @example
 * ```ts
 * import { MockServerError } from "@effect-sent/mock-server"
 *
 * const reason = new MockServerError.ContractInvalid({
 *   path: "/srv/contract.yaml",
 *   problem: "it declares no operation under `paths`",
 * })
 * console.assert(reason.message.includes("/srv/contract.yaml"))
 * ```
 */
export class ContractInvalid extends Schema.TaggedError<ContractInvalid>(
  "MockServerError/ContractInvalid",
)("ContractInvalid", {
  /** The file, as an absolute path. */
  path: Schema.String,
  /** What is wrong with it. */
  problem: Schema.String,
}) {
  override get message(): string {
    return `the contract ${this.path} cannot be served: ${this.problem}`
  }
}

/**
 * Something else listens on the port.
 *
 * @example
 * ```ts
 * import { MockServerError } from "@effect-sent/mock-server"
 *
 * const reason = new MockServerError.PortInUse({ host: "127.0.0.1", port: 4010 })
 * console.assert(reason.message.startsWith("port 4010 of 127.0.0.1 is in use"))
 * ```
 */
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

/**
 * The host cannot be listened on: it is not an address of this machine, the port needs more rights, …
 *
 * @example
 * ```ts
 * import { MockServerError } from "@effect-sent/mock-server"
 *
 * const reason = new MockServerError.AddressUnavailable({
 *   host: "192.0.2.1",
 *   port: 0,
 *   problem: "EADDRNOTAVAIL",
 * })
 * console.assert(reason.message.includes("192.0.2.1"))
 * ```
 */
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

/**
 * An option has a value that it cannot have.
 *
 * @example
 * ```ts
 * import { MockServerError } from "@effect-sent/mock-server"
 *
 * const reason = new MockServerError.InvalidOption({
 *   option: "port",
 *   problem: "must be a whole number from 0 to 65535",
 * })
 * console.assert(reason.message === "option port: must be a whole number from 0 to 65535")
 * ```
 */
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

/**
 * Why a mock server did not start.
 *
 * @example
 * ```ts
 * import type { MockServerError } from "@effect-sent/mock-server"
 *
 * const canTryAnotherPort = (reason: MockServerError.Reason): boolean => reason._tag === "PortInUse"
 * ```
 */
export type Reason =
  ContractNotFound | ContractInvalid | PortInUse | AddressUnavailable | InvalidOption

/**
 * A mock server did not start. `reason` says why; catch one kind with `Effect.catchReason`.
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
