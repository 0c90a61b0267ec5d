/** Reads the JSON reports of vitest and sums them up. */
import { readFileSync } from "node:fs"

/** The counts of a report. */
export interface Tests {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
}

/** Reads a report. Undefined when the run crashed and wrote none. */
export const readTests = (file: string): Tests | undefined => {
  try {
    // The JSON report of vitest.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(readFileSync(file, "utf8")) as Tests
  } catch {
    return undefined
  }
}

/** The last line of a run. `checks` counts the steps without tests. */
export const summaryOf = (
  tests: ReadonlyArray<Tests | undefined>,
  checks: { readonly passed: number; readonly failed: number } = { passed: 0, failed: 0 },
): string => {
  const sum = (key: keyof Tests) => tests.reduce((all, one) => all + (one?.[key] ?? 0), 0)
  const passed = checks.passed + sum("numPassedTests")
  const failed = checks.failed + sum("numFailedTests")
  return `${passed} passed, ${failed} failed, ${sum("numPendingTests")} skipped`
}
