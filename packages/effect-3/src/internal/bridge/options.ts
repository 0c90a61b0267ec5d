/** Options of the application as core's. */
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { RetryPolicy } from "../retryPolicy.ts"
import { policyOf } from "./policies.ts"
import { plainFields } from "./values.ts"

/** Options with plain values, and the policy as core's. Others than options are left to core's check. */
export const plainOptions = (options: unknown): unknown =>
  Predicate.isRecord(options) ? withPolicy(options) : options

const withPolicy = ({ retryPolicy, ...rest }: { readonly [x: string | symbol]: unknown }) => ({
  ...plainFields(rest),
  ...(retryPolicy === undefined ? {} : { retryPolicy: plainPolicy(retryPolicy) }),
})

const plainPolicy = (policy: unknown): unknown => (isPolicy(policy) ? corePolicy(policy) : policy)

const isPolicy = (policy: unknown): policy is RetryPolicy =>
  Predicate.isRecord(policy) && "schedule" in policy && Array.isArray(policy["issues"])

const policies = new WeakMap<object, ReturnType<typeof policyOf>>()

/** A policy for core, which is made once. */
export const corePolicy = (policy: RetryPolicy): ReturnType<typeof policyOf> => {
  const known = policies.get(policy)
  if (known !== undefined) return known
  const { budget = false, issues, ...rest } = policy
  const made = policyOf({ ...rest, budget }, issues)
  policies.set(policy, made)
  return made
}

/** Options with their secrets revealed, for core to check. */
export const revealed = (options: unknown): unknown =>
  Predicate.isRecord(options) && "secret" in options
    ? plainFields({ ...options, secret: reveal(options["secret"]) })
    : plainOptions(options)

const reveal = (secret: unknown): unknown => {
  if (Array.isArray(secret)) return secret.map(reveal)
  return Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
}
