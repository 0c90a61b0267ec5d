/** A report as JUnit XML: a suite for each group, a case for each check. Valid against Jenkins' `junit-10.xsd`. */
import { createRequire } from "node:module"
import type JUnit from "junit-report-builder"
import { type Finding, placeOf, type Report, withCount } from "./report.ts"

// CommonJS whose types say that it is an ES module.
const builder: typeof JUnit.default = createRequire(import.meta.url)("junit-report-builder")

export const toJunit = (report: Report): string => {
  const { properties = {}, suite: suiteName = report.title } = report
  const xml = builder.newBuilder()
  xml.name(suiteName)
  for (const [group, checks] of Map.groupBy(report.checks, (check) => check.group)) {
    const suite = xml.testSuite().name(`${suiteName}: ${group}`)
    for (const [name, value] of Object.entries(properties)) suite.property(name, value)
    suite.time(inSeconds(checks.reduce((sum, { millis = 0 }) => sum + millis, 0)))
    for (const { findings, millis = 0, name, skipped } of checks) {
      const one = suite.testCase().className(suiteName).name(name).time(inSeconds(millis))
      const errors = findings.filter(({ severity }) => severity === "error")
      const others = findings.filter(({ severity }) => severity !== "error")
      if (errors.length > 0) one.failure(errors.map(textOf).join("\n"), errors[0]?.rule)
      if (others.length > 0) one.standardOutput(others.map(textOf).join("\n"))
      if (skipped !== undefined) one.skipped().standardOutput(skipped)
    }
  }
  // The schema does not allow this attribute here; that of each suite remains.
  return xml.build().replace(/(<testsuites(?: [a-z]+="[^"]*")*?) skipped="\d+"/, "$1")
}

/** The schema allows three decimals. */
const inSeconds = (millis: number): number => Math.round(millis) / 1000

const textOf = (finding: Finding): string => {
  const { reproduce, rule, sameAs, where } = finding
  return [
    `${rule}: ${withCount(finding)}`,
    where,
    placeOf(finding),
    reproduce,
    sameAs === undefined ? undefined : `as in: ${sameAs}`,
  ]
    .filter((line) => line !== undefined)
    .join("\n  ")
}
