/** Credentials: where core gets them from. */
import type { Host } from "./Host.ts"
import type { Task } from "./Task.ts"
import type { Failure, Issue } from "./Value.ts"

/** The credentials of a request. */
export interface CredentialsValue {
  readonly senderId?: string | undefined
  readonly apiKey: string
  readonly profileId?: string | undefined
}

/** Where credentials come from. */
export interface Credentials {
  /** The credentials for the next request: the same object for the same ones. */
  readonly get: (host: Host) => Task<CredentialsValue, Failure>
  readonly invalidate: ((rejected: CredentialsValue, host: Host) => Task<void>) | undefined
  readonly issuesForV1: ReadonlyArray<Issue> | undefined
}
