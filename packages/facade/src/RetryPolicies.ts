/** What core says about retry policies. */
export { isWorthRetrying, makeBackoff, policyValues } from "./internal/policy.ts"
