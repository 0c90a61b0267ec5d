/**
 * The retry budget of a layer (gRFC A6): during an outage, there are fewer retries, not more.
 */
import type { Budget } from "../../RetryPolicy.ts"

/** A retry budget, shared by all sends of a layer. */
export interface RetryBudget {
  /** Takes a token for a failure that could be retried, and returns whether it may be. */
  readonly spend: (budget: Budget | undefined) => boolean
  /** Returns the refund of an accepted message. */
  readonly refund: (budget: Budget | undefined) => void
}

/**
 * Makes a full budget. The state is the remaining share, so that policies with budgets of different sizes can share it.
 */
export const makeBudget = (): RetryBudget => {
  let left = 1
  const add = (share: number): void => {
    // Rounded, so that ten tenths make a whole.
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
