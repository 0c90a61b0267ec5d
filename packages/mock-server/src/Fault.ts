/**
 * Faults on demand: failures of a network or a service, for the next requests, a phone number, a sender, or a share of all
 * requests. `POST /__mock/faults` takes the same form as JSON.
 *
 * @example
 * ```ts
 * import { MockServer } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* MockServer.make()
 *   // The next message is accepted, but the connection is reset before the answer.
 *   yield* mock.addFault({ times: 1, reset: "after-acceptance" })
 *   // Every fourth request to this number is answered with 503 after 2 seconds.
 *   yield* mock.addFault({
 *     phoneNumber: "+1234567890",
 *     share: 0.25,
 *     latencyMillis: 2000,
 *     answer: { status: 503 },
 *   })
 *   return yield* mock.faults
 * })
 *
 * const faults = await Effect.runPromise(Effect.scoped(program))
 * console.assert(faults.map(({ id }) => id).join() === "1,2")
 * ```
 */
import * as Schema from "effect/Schema"

/**
 * A fault.
 *
 * **Details**
 *
 * `operation`, `phoneNumber`, `templateId`, `senderId`, `times` and `share` limit the requests that the fault affects. Without
 * them, it affects every valid request until it is removed, except those of an operation that does not declare its `answer` or
 * `scenario`. A fault only changes what its members say: with `latencyMillis` alone, the answer stays the
 * same.
 */
export const Fault = Schema.Struct({
  /** Affects only requests of this operation: method and path as the contract writes them, e.g. `POST /v3/messages`. */
  operation: Schema.optionalKey(Schema.String),
  /** Affects only requests to this phone number, among others or alone, and look-ups of messages to it. */
  phoneNumber: Schema.optionalKey(Schema.String),
  /** Affects only requests with this template. Letter case is ignored. */
  templateId: Schema.optionalKey(Schema.String),
  /** Affects only requests of this sender. Letter case is ignored. */
  senderId: Schema.optionalKey(Schema.String),
  /** Affects only this many requests, after which the fault is removed. */
  times: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  /** Affects only this share of the matching requests, above 0 and up to 1. Spread evenly, not at random: 0.25 is every fourth. */
  share: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1)),
  ),
  /** Delays the outcome by this many milliseconds of the mock's clock. At most a day. */
  latencyMillis: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThanOrEqualTo(86_400_000)),
  ),
  /** Resets the connection before the message is accepted, or after it was accepted and before the answer is sent. */
  reset: Schema.optionalKey(Schema.Literals(["before-acceptance", "after-acceptance"])),
  /** `truncated`: sends half of the answer and closes the connection. `malformed`: sends bytes that are not HTTP. */
  broken: Schema.optionalKey(Schema.Literals(["truncated", "malformed"])),
  /** Sends this answer of the contract. Without `example`, the first one of the status; `empty` is the one without a body. */
  answer: Schema.optionalKey(
    Schema.Struct({ status: Schema.Int, example: Schema.optionalKey(Schema.String) }),
  ),
  /** Plays this scenario instead of that of the phone number: its answers, and the updates that follow. */
  scenario: Schema.optionalKey(Schema.String),
})

/** A fault. */
export type Fault = typeof Fault.Type

/** An active fault. */
export const PlacedFault = Schema.Struct({
  ...Fault.fields,
  /** Identifies the fault, for example to remove it: `1`, `2`, … */
  id: Schema.String,
  /** The number of requests that the fault has affected. */
  hits: Schema.Int,
})

/** An active fault. */
export type PlacedFault = typeof PlacedFault.Type
