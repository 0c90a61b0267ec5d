/**
 * The retry budget of a layer (gRFC A6): an outage is answered by fewer retries, not by more.
 */
import type { Budget } from "../../RetryPolicy.ts"

/** The state that all sends of a layer share. */
export interface RetryBudget {
  /** Takes a token for a failure that could be repeated; whether it may be. */
  readonly spend: (budget: Budget | undefined) => boolean
  /** Gives back what an accepted message is worth. */
  readonly refund: (budget: Budget | undefined) => void
}

/**
 * A full budget. It is kept as the share that is left, so that policies with budgets of different sizes draw on the
 * same one.
 */
export const makeBudget = (): RetryBudget => {
  let left = 1
  const add = (share: number): void => {
    // Rounded, so that ten tenths are a whole.
    left = Math.round(Math.min(1, Math.max(0, left + share)) * 1e9) / 1e9
  }
  return {
    spend: (budget) => {
      if (budget === undefined) return true
      add(-1 / budget.tokens)
      return left > 0.5
    },
    refund: (budget) => {
      if (budget !== undefined) add(budget.refund / budget.tokens)
    },
  }
}
