/**
 * A report as GitHub's workflow commands, which become annotations.
 *
 * Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
import { type Check, type Finding, type Report, shown, withCount } from "./report.ts"

export const toGithub = (report: Report): string => {
  const lines = report.checks.flatMap((check) =>
    shown(check).map((finding) => annotation(check, finding)),
  )
  const skipped = report.checks.filter((check) => check.skipped !== undefined).length
  const total = `${report.title}: ${report.checks.length} checks, ${skipped} skipped`
  return [...lines, ...report.summary, total].join("\n")
}

const commands = { error: "error", warning: "warning", note: "notice" } as const

const annotation = ({ group, name }: Check, finding: Finding): string => {
  const { reproduce, rule, severity, source, where } = finding
  const properties = {
    title: `${group}: ${name}`,
    file: source?.file,
    line: source?.line,
    col: source?.column,
  }
  const listed = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
  const text = [`${withCount(finding)} (${rule})`, where, reproduce]
    .filter((line) => line !== undefined)
    .join("\n")
  return `::${commands[severity]} ${listed.join(",")}::${escapeData(text)}`
}

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")

const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C")
