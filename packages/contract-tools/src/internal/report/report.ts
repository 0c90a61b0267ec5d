/** The result of a command. */

/** One finding. It contains no credentials, and no phone number that could be a person's. */
export interface Finding {
  /** The rule, in kebab-case: a rule of Redocly, a keyword of JSON Schema, or a rule of this package. */
  readonly rule: string
  /** An `error` fails the report. A `warning` or a `note` does not. */
  readonly severity: "error" | "warning" | "note"
  /** What is wrong and, where it helps, what to do. */
  readonly message: string
  /** A JSON pointer into a document, or the part of a request or response. */
  readonly where?: string | undefined
  /** The place in a file. */
  readonly source?: Source | undefined
  /** What it comes from, in a few words, e.g. `accepted-invalid templateId pattern`. Findings of one cause share it. */
  readonly cause?: string | undefined
  /** A command that reproduces it. */
  readonly reproduce?: string | undefined
}

/** A place in a file. */
export interface Source {
  readonly file: string
  /** From 1. */
  readonly line?: number | undefined
  /** From 1. */
  readonly column?: number | undefined
}

/** One check. It failed if one of its findings is an error. */
export interface Check {
  /** The group that it is listed in. */
  readonly group: string
  /** What was checked, in words. */
  readonly name: string
  /** Why it was skipped. Undefined when it ran. */
  readonly skipped?: string | undefined
  readonly findings: ReadonlyArray<Finding>
  /** How long it took, in milliseconds. */
  readonly millis?: number | undefined
}

/** All checks of a command. */
export interface Report {
  /** The command and its subject, e.g. `verify http://127.0.0.1:4010`. */
  readonly title: string
  readonly checks: ReadonlyArray<Check>
  /** Lines for the end of the report, e.g. the seed. */
  readonly summary: ReadonlyArray<string>
}
