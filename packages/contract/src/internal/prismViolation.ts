/** A violation as Prism reports it. */
export interface PrismViolation {
  /** The location, beginning with the part of the message, for example `["body", "messageBody", "name"]`. */
  readonly path: ReadonlyArray<string>
  /** The JSON Schema keyword, or `401` for a missing credential. */
  readonly code: string
  readonly message: string
}
