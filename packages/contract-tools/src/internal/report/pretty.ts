/** A report for people: failed checks in full, the others counted by group. */
import { styleText } from "node:util"
import {
  type Check,
  countsOf,
  type Finding,
  hasError,
  isAllSkipped,
  placeOf,
  type Report,
  shown,
  withCount,
} from "./report.ts"

export const toPretty = (report: Report): string => {
  const groups = Map.groupBy(report.checks, ({ group }) => group)
  const failed = report.checks.filter(hasError).length
  const total = report.checks.length
  const warnings = report.checks
    .flatMap(({ findings }) => findings)
    .filter(({ severity }) => severity === "warning").length
  const verdict = isAllSkipped(report)
    ? style("yellow", `- ${report.title}: nothing was checked`)
    : failed === 0
      ? style("green", `✓ ${report.title}: passed${warnings === 0 ? "" : `, ${warnings} warnings`}`)
      : style("red", `✗ ${report.title}: ${failed} of ${total} checks failed`)
  return [
    ...[...groups].flatMap(([name, checks]) => groupLines(name, checks)),
    ...report.summary,
    verdict,
  ].join("\n")
}

const groupLines = (name: string, checks: ReadonlyArray<Check>): ReadonlyArray<string> => {
  const { failed, passed, skipped } = countsOf(checks)
  const counts = [
    `${passed} passed`,
    ...(failed === 0 ? [] : [style("red", `${failed} failed`)]),
    ...(skipped === 0 ? [] : [style("yellow", `${skipped} skipped`)]),
  ]
  const reasons = new Set(checks.flatMap((check) => check.skipped ?? []))
  return [
    `${style("bold", name)}  ${counts.join(", ")}`,
    ...checks.filter((check) => shown(check).length > 0).flatMap(checkLines),
    ...[...reasons].map((reason) => style("yellow", `  skipped: ${reason}`)),
    "",
  ]
}

/** One check, printed as it happens. */
export const toLines = (check: Check): string => checkLines(check).join("\n")

const checkLines = (check: Check): ReadonlyArray<string> => [
  `  ${hasError(check) ? style("red", "✗") : style("yellow", "!")} ${check.name}`,
  ...shown(check).flatMap(findingLines),
]

const findingLines = (finding: Finding): ReadonlyArray<string> => {
  const { reproduce, rule, severity, where } = finding
  const color = severity === "error" ? "red" : severity === "warning" ? "yellow" : "cyan"
  const place = placeOf(finding)
  return [
    `      ${style(color, severity)} ${withCount(finding)} ${style("dim", rule)}`,
    ...(where === undefined ? [] : [`        ${style("dim", where)}`]),
    ...(place === undefined ? [] : [`        ${style("dim", place)}`]),
    ...(reproduce === undefined ? [] : [`        ${reproduce}`]),
  ]
}

const style = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout })
