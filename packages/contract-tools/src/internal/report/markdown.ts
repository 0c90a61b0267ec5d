/** A report as Markdown, for the summary of a GitHub job. */
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

export const toMarkdown = (report: Report): string => {
  const failed = report.checks.filter(hasError).length
  const groups = Map.groupBy(report.checks, ({ group }) => group)
  const causes = report.checks.flatMap((check) => shown(check).map((one) => ({ check, one })))
  const listed = causes
    .toSorted((one, other) => rank(one.one) - rank(other.one))
    .slice(0, maxFindings)
  const left = causes.length - listed.length
  const [mark, verdict] = isAllSkipped(report)
    ? ["⚪", "nothing was checked"]
    : failed === 0
      ? ["✅", "passed"]
      : ["❌", `${failed} of ${report.checks.length} checks failed`]
  return [
    `### ${mark} ${escape(report.title)}: ${verdict}`,
    "",
    "| checks | passed | failed | skipped |",
    "| --- | ---: | ---: | ---: |",
    ...[...groups].map(groupLine),
    "",
    ...listed.flatMap(({ check, one }) => findingLines(check, one)),
    ...(left > 0 ? ["", `… and ${left} more findings, in the report itself.`] : []),
    ...(listed.length > 0 ? [""] : []),
    ...report.summary.map((line) => `${escape(line)}  `),
  ].join("\n")
}

/** GitHub drops a summary of more than 1 MiB. */
const maxFindings = 200

/** Likewise for a single text, such as a command with a body of megabytes. */
const maxLength = 2000

const rank = ({ severity }: Finding): number => ["error", "warning", "note"].indexOf(severity)

const groupLine = ([group, checks]: readonly [string, ReadonlyArray<Check>]): string => {
  const { failed, passed, skipped } = countsOf(checks)
  return `| ${escape(group)} | ${passed} | ${failed} | ${skipped} |`
}

const findingLines = (check: Check, finding: Finding): ReadonlyArray<string> => {
  const { reproduce, rule, severity, where } = finding
  const details = [placeOf(finding), where].filter((part) => part !== undefined).map(code)
  return [
    `- **${severity}** ${escape(check.name)}: ${escape(withCount(finding))} ${code(rule)}`,
    ...(details.length === 0 ? [] : [`  ${details.join(" ")}`]),
    ...(reproduce === undefined ? [] : ["", ...fenced(reproduce).map((line) => `  ${line}`), ""]),
  ]
}

const shortened = (text: string): string =>
  text.length > maxLength ? `${text.slice(0, maxLength)}…` : text

/** Text from a contract or a server must not become markup. */
const escape = (text: string): string =>
  shortened(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~#]/g, String.raw`\$&`)
    .replaceAll(/\s+/g, " ")

const code = (text: string): string => `\`${shortened(text).replaceAll(/[`\s]+/g, " ")}\``

/** The fence is longer than any in the text. */
const fenced = (text: string): ReadonlyArray<string> => {
  const short = shortened(text)
  const longest = Math.max(2, ...Array.from(short.matchAll(/`+/g), ([ticks]) => ticks.length))
  const fence = "`".repeat(longest + 1)
  return [`${fence}sh`, ...short.split("\n"), fence]
}
