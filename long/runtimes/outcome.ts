/**
 * The outcomes of a send that every runtime is asked about, and what is reported of each. This module runs in all of them.
 */

/** How the service, or what is in front of it, treats a message. */
export const outcomes = [
  "204",
  "400",
  "401",
  "429 with Retry-After",
  "500 after acceptance",
  "connection refused",
  "name not found",
  "untrusted certificate",
  "handshake that is never answered",
  "reset after acceptance",
  "reused connection ends after acceptance",
  "no response after acceptance",
  "port that fetch blocks",
  "200 whose body never ends",
] as const

export type Outcome = (typeof outcomes)[number]

/** The base URL to send to for each outcome. */
export type Addresses = Readonly<Record<Outcome, string>>

/** What core says of the message of each outcome, such as `accepted` or `unknown: ConnectionLost`. */
export type Reports = Readonly<Record<Outcome, string>>

/** A function of the outcome, for each of them. */
export const forOutcomes = <A>(f: (outcome: Outcome) => A): Readonly<Record<Outcome, A>> =>
  // `fromEntries` forgets the keys, which are all the outcomes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  Object.fromEntries(outcomes.map((outcome) => [outcome, f(outcome)])) as Record<Outcome, A>

/** The outcomes that only a time-out ends. */
export const silent: ReadonlyArray<Outcome> = [
  "handshake that is never answered",
  "no response after acceptance",
]

/** The outcome whose connection is to be used before. */
export const reusing: Outcome = "reused connection ends after acceptance"

/** The message that is sent first where a connection is to be reused. */
export const opener = "opens the connection"
