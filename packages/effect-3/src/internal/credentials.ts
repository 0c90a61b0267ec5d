/** Credentials: their types, which are public as members of `SentCredentials`. */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Issue, SentError } from "../SentError.ts"

/** The credentials of a request. All of them are `Redacted`: they print as `<redacted>`. */
export interface Credentials {
  /** The GUID of the sender, the value of `x-sender-id`. */
  readonly senderId?: Redacted.Redacted | undefined
  /** The value of `x-api-key`. */
  readonly apiKey: Redacted.Redacted
  /** Only of v3, which this package does not send to. */
  readonly profileId?: Redacted.Redacted | undefined
}

/** What the client gets its credentials from. */
export interface CredentialsService {
  /** The credentials for the next request. Fails with the reason `CredentialsUnavailable`. */
  readonly get: Effect.Effect<Credentials, SentError>
  /**
   * Reports that the service rejected these credentials, so that the next `get` loads them again. Absent if they
   * cannot change.
   */
  readonly invalidate?: ((rejected: Credentials) => Effect.Effect<void>) | undefined
  /**
   * What is wrong with them, by where they come from, so that it is found when `SentClient` is built. Absent if that is known
   * only once they are loaded.
   */
  readonly issuesForV1?: ReadonlyArray<Issue> | undefined
}
