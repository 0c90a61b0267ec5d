/**
 * Keeps credentials that the service refuses from being sent again and again: ten failed authentications in a row
 * lock them at the provider.
 */
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../SentCredentials.ts"
import { CredentialsUnavailable, type Reason } from "../../SentError.ts"

// Well below the ten, since several programs may use the same credentials.
const maxRefusals = 3

/** The state that all sends of a layer share. */
export interface Lockout {
  /** Why these credentials are not sent; undefined when they are. */
  readonly check: (credentials: Credentials) => CredentialsUnavailable | undefined
  /** Learns from the answer to a request: undefined for an accepted message. */
  readonly learn: (credentials: Credentials, reason: Reason | undefined) => void
}

/** Without any refusal so far. */
export const makeLockout = (): Lockout => {
  let refused: Credentials | undefined
  let refusals = 0
  const isRefused = (credentials: Credentials): boolean =>
    refused !== undefined && sameCredentials(refused, credentials)
  return {
    check: (credentials) =>
      isRefused(credentials) && refusals >= maxRefusals
        ? new CredentialsUnavailable({
            description:
              `the service refused these credentials ${maxRefusals} times in a row; ` +
              "nothing is sent with them until they change",
          })
        : undefined,
    learn: (credentials, reason) => {
      if (reason?._tag === "Unauthorized") {
        refusals = isRefused(credentials) ? refusals + 1 : 1
        refused = credentials
      } else if (isRefused(credentials) && wereTaken(reason)) {
        refused = undefined
      }
    },
  }
}

/** Whether both are the same sender and key. */
export const sameCredentials = (a: Credentials, b: Credentials): boolean =>
  Redacted.value(a.senderId) === Redacted.value(b.senderId) &&
  Redacted.value(a.apiKey) === Redacted.value(b.apiKey)

/**
 * Whether the service says this only to those whom it knows; undefined is an accepted message. A rate limit or a
 * failure may come before it has looked.
 */
export const wereTaken = (reason: Reason | undefined): boolean => {
  switch (reason?._tag) {
    case undefined:
    case "ValidationFailed":
    case "InvalidPhoneNumber":
    case "TemplateNotFound":
    case "InsufficientBalance":
    case "Forbidden":
      return true
    default:
      return false
  }
}
