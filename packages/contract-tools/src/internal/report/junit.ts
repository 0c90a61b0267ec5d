/** A report as JUnit XML: a suite for each group, a case for each check. */
import { createRequire } from "node:module"
import type JUnit from "junit-report-builder"
import type { Finding, Report } from "./report.ts"

// CommonJS whose types say that it is an ES module.
const builder: typeof JUnit.default = createRequire(import.meta.url)("junit-report-builder")

export const toJunit = (report: Report): string => {
  const xml = builder.newBuilder()
  for (const [group, checks] of Map.groupBy(report.checks, (check) => check.group)) {
    const suite = xml.testSuite().name(`${report.title}: ${group}`)
    for (const { findings, millis, name, skipped } of checks) {
      const one = suite.testCase().className(group).name(name)
      if (millis !== undefined) one.time(millis / 1000)
      const errors = findings.filter(({ severity }) => severity === "error")
      const others = findings.filter(({ severity }) => severity !== "error")
      if (errors.length > 0) one.failure(errors.map(textOf).join("\n"), errors[0]?.rule)
      if (others.length > 0) one.standardOutput(others.map(textOf).join("\n"))
      if (skipped !== undefined) one.skipped().standardOutput(skipped)
    }
  }
  return xml.build()
}

const textOf = ({ message, reproduce, rule, where }: Finding): string =>
  [`${rule}: ${message}`, where, reproduce].filter((line) => line !== undefined).join("\n  ")
