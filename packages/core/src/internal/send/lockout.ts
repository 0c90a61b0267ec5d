/**
 * Stops sending credentials that the service rejects: the provider locks them after ten failures in a row.
 */
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../SentCredentials.ts"
import { CredentialsUnavailable, type Reason } from "./reason.ts"
import { factsOf } from "./reasonTable.ts"

// Well below the ten, since several programs may use the same credentials.
const maxRejections = 3

/** A lock-out, shared by all sends of a layer. */
export interface Lockout {
  /** The reason not to send these credentials, if there is one. */
  readonly check: (credentials: Credentials) => CredentialsUnavailable | undefined
  /** Learns from the end of a request: the reason of its failure, or undefined for an accepted message. */
  readonly learn: (credentials: Credentials, reason: Reason | undefined) => void
}

/** A lock-out without any rejection so far. */
export const makeLockout = (): Lockout => {
  let rejected: Credentials | undefined
  let rejections = 0
  const isRejected = (credentials: Credentials): boolean =>
    rejected !== undefined && sameCredentials(rejected, credentials)
  return {
    check: (credentials) =>
      isRejected(credentials) && rejections >= maxRejections
        ? new CredentialsUnavailable({
            description:
              `the service rejected them ${maxRejections} times in a row (401); ` +
              "nothing is sent until they change",
          })
        : undefined,
    learn: (credentials, reason) => {
      if (reason?._tag === "CredentialsRejected") {
        rejections = isRejected(credentials) ? rejections + 1 : 1
        rejected = credentials
      } else if (isRejected(credentials) && provesCredentials(reason)) {
        rejected = undefined
      }
    },
  }
}

/** Whether both are the same sender and key. */
export const sameCredentials = (a: Credentials, b: Credentials): boolean =>
  Redacted.value(a.senderId) === Redacted.value(b.senderId) &&
  Redacted.value(a.apiKey) === Redacted.value(b.apiKey)

/** Whether a send that ended so proves that the service knows its credentials; undefined is an accepted message. */
export const provesCredentials = (reason: Reason | undefined): boolean =>
  reason === undefined || factsOf(reason).provesCredentials
