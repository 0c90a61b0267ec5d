/** The values of a failure and of options, where two Effects have classes of their own for them. */

/** A duration; it may be infinite. */
export interface DurationValue {
  readonly _tag: "Duration"
  readonly millis: number
}

/** A time. */
export interface TimeValue {
  readonly _tag: "Time"
  /** Milliseconds since the epoch. */
  readonly millis: number
}

/** An exact decimal. */
export interface DecimalValue {
  readonly _tag: "Decimal"
  readonly text: string
}

/** Personal data, or a secret. */
export interface SecretValue {
  readonly _tag: "Secret"
  readonly value: unknown
}

/** The reason of a failure. */
export interface ReasonValue {
  readonly _tag: string
  readonly message: string
  /** By name: texts, numbers, lists and records of them, {@link DurationValue}, {@link TimeValue} and {@link DecimalValue}. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** A `SentError`, with all that it says. */
export interface Failure {
  readonly reason: ReasonValue
  readonly attempts: number
  readonly unknownAttempts: number
  readonly facts: FailureFacts
}

/** What a `SentError` says by itself. */
export interface FailureFacts {
  readonly message: string
  readonly delivery: "not-sent" | "unknown"
  readonly isTransient: boolean
  readonly isRetryable: boolean
  readonly mendedBy: "recipient" | "operator" | "provider" | "time"
  /** Undefined if it is not known. */
  readonly retryAfterMillis: number | undefined
}

/** Options as the application gave them, but for durations, which are {@link DurationValue}s. */
export type OptionsValue = Readonly<Record<string, unknown>>

/** One problem with an option or an input. */
export interface Issue {
  readonly path: ReadonlyArray<string>
  readonly message: string
}
