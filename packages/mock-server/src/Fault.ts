/**
 * Faults on demand: what a network or a service does wrong, for the next requests, for a phone number, for a sender, or
 * for a share of all. The same form is taken as JSON by `POST /__mock/faults`.
 */
import * as Schema from "effect/Schema"

/**
 * A fault. Without `phoneNumber`, `senderId` and `share` it is for every valid request, without `times` until it is
 * removed. What it does not change goes on as if it were not there: a fault of `latencyMillis` alone leaves the answer as
 * it is.
 */
export const Fault = Schema.Struct({
  /** Only requests for this number. */
  phoneNumber: Schema.optionalKey(Schema.String),
  /** Only requests of this sender, in either letter case. */
  senderId: Schema.optionalKey(Schema.String),
  /** Only so many of the next requests that it is for, then it is gone. */
  times: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  /** Only this share of the requests that it is for, above 0 and up to 1; spread evenly, not by chance: 0.25 is each fourth. */
  share: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1)),
  ),
  /** Holds the answer, or what is in its place, back for so many milliseconds of the mock's clock. */
  latencyMillis: Schema.optionalKey(
    Schema.Number.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThanOrEqualTo(86_400_000)),
  ),
  /** Resets the connection: the message was not accepted, or it was and nobody hears of it. */
  reset: Schema.optionalKey(Schema.Literals(["before-acceptance", "after-acceptance"])),
  /** `truncated`: the answer breaks off in its middle, and the connection ends. `malformed`: what comes is not HTTP. */
  broken: Schema.optionalKey(Schema.Literals(["truncated", "malformed"])),
  /** This answer of the contract; without `example` the first one of its status, `empty` for one without a body. */
  answer: Schema.optionalKey(
    Schema.Struct({ status: Schema.Int, example: Schema.optionalKey(Schema.String) }),
  ),
})

/** A fault that can be asked for. */
export type Fault = typeof Fault.Type

/** A fault that is in force. */
export const PlacedFault = Schema.Struct({
  ...Fault.fields,
  /** Names it when it is to be removed: `1`, `2`, … */
  id: Schema.String,
  /** How many requests it has met. */
  hits: Schema.Int,
})

/** A fault that is in force. */
export type PlacedFault = typeof PlacedFault.Type
