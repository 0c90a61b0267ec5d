/** How much is measured. */

export interface Plan {
  readonly starts: number
  /** The number of load rounds for each server, after a warm-up round that does not count. */
  readonly rounds: number
  readonly roundMillis: number
  /** The number of requests after which the memory is measured. */
  readonly many: number
  /** The number of messages whose updates are sent. */
  readonly updated: number
}

export const full: Plan = {
  starts: 5,
  rounds: 11,
  roundMillis: 1500,
  many: 100_000,
  updated: 60_000,
}
export const quick: Plan = { starts: 3, rounds: 5, roundMillis: 500, many: 5000, updated: 5000 }

/** Called after every step. */
export type Done = () => void

/** The pause after a round, so that remaining work of one server does not slow the other's round. */
export const settleMillis = 300
