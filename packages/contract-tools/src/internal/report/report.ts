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
  /** How many findings have this cause. Set by `byCause`, on the smallest of them. */
  readonly count?: number | undefined
  /** The check that shows the smallest finding of the same cause. Set by `byCause`, on all others. */
  readonly sameAs?: string | undefined
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
  /** A name that is the same in each run, for a CI that compares runs: the command and the contract. Default: the title. */
  readonly suite?: string | undefined
  /** What differs between runs, by name, e.g. the target. */
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/** Whether a check failed. */
export const hasError = ({ findings }: Check): boolean =>
  findings.some(({ severity }) => severity === "error")

/** Whether a report proves nothing, since each of its checks was skipped. */
export const isAllSkipped = ({ checks }: Report): boolean =>
  checks.length > 0 && checks.every(({ skipped }) => skipped !== undefined)

/** The findings to show: each cause once. */
export const shown = ({ findings }: Check): ReadonlyArray<Finding> =>
  findings.filter(({ sameAs }) => sameAs === undefined)

/** How many checks passed, failed and were skipped. */
export const countsOf = (
  checks: ReadonlyArray<Check>,
): { readonly passed: number; readonly failed: number; readonly skipped: number } => {
  const failed = checks.filter(hasError).length
  const skipped = checks.filter((check) => check.skipped !== undefined).length
  return { passed: checks.length - failed - skipped, failed, skipped }
}

/** A place as `file:line:column`. Undefined if the finding has none. */
export const placeOf = ({ source }: Finding): string | undefined =>
  source === undefined
    ? undefined
    : [source.file, source.line, source.column].filter((part) => part !== undefined).join(":")

/** A message and, for a cause of several findings, their number. */
export const withCount = ({ count, message }: Finding): string =>
  count === undefined ? message : `${message} (${count} times)`

/** What is known when the work is interrupted: these checks, and that the others were not made. */
export const interruptedReport = (
  report: Report,
  /** What was not done, e.g. `no rule was applied`. */
  left: string,
): Report => ({
  ...report,
  checks: [
    ...report.checks,
    {
      group: "interrupted",
      name: "all other checks",
      skipped: `interrupted: ${left}`,
      findings: [],
    },
  ],
})
