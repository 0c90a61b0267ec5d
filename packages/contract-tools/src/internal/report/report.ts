/** What a command has found. */

/** One thing that was found. It holds neither a key nor a phone number that could be somebody's. */
export interface Finding {
  /** What was looked for, in kebab-case: a rule of a linter, a keyword of JSON Schema, a name of our own. */
  readonly rule: string
  /** An `error` makes a report fail; a `warning` or a `note` does not. */
  readonly severity: "error" | "warning" | "note"
  /** What is wrong, and where it helps, what to do. */
  readonly message: string
  /** A JSON pointer into a document, or a request. */
  readonly where?: string | undefined
  /** Where in a file. */
  readonly source?: Source | undefined
  /** A command that shows it again. */
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

/** One thing that was looked at. */
export interface Check {
  /** What it belongs to. */
  readonly group: string
  /** What was looked at, in words. */
  readonly name: string
  /** Why it was not looked at; undefined when it was. */
  readonly skipped?: string | undefined
  readonly findings: ReadonlyArray<Finding>
  /** How long it took. */
  readonly millis?: number | undefined
}

/** Everything that was looked at. */
export interface Report {
  /** What was done, e.g. `verify http://127.0.0.1:4010`. */
  readonly title: string
  readonly checks: ReadonlyArray<Check>
  /** What is to be said at the end, a line each, e.g. the seed. */
  readonly summary: ReadonlyArray<string>
}
