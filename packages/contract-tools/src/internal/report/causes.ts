/**
 * Findings by their cause: a server that responds to every bad request with the same wrong body has one lie, not one for each
 * request.
 */
import type { Check, Finding, Report } from "./report.ts"

/** Each cause keeps its smallest finding, with a count. All other findings refer to the check of that one. */
export const byCause = (report: Report): Report => {
  const checks = report.checks.map((check) =>
    Object.assign({}, check, { findings: withoutBranches(check) }),
  )
  const causes = Map.groupBy(
    checks.flatMap(({ findings, name }) => findings.map((finding) => ({ finding, name }))),
    ({ finding, name }) => causeOf(finding, name),
  )
  const smallest = new Map(
    [...causes].map(([cause, members]) => [
      cause,
      members.reduce((best, one) => (sizeOf(one.finding) < sizeOf(best.finding) ? one : best)),
    ]),
  )
  const shortened = (finding: Finding, check: string): Finding => {
    const cause = causeOf(finding, check)
    const best = smallest.get(cause)
    const count = causes.get(cause)?.length ?? 1
    if (best === undefined || count === 1) return finding
    if (best.finding === finding) return { ...finding, count }
    const { reproduce: _, ...short } = finding
    return { ...short, sameAs: best.name }
  }
  return {
    ...report,
    checks: checks.map((check) =>
      Object.assign({}, check, {
        findings: check.findings.map((finding) => shortened(finding, check.name)),
      }),
    ),
  }
}

/**
 * What is wrong with a message has one cause, whichever check found it. An invalid request that was accepted is a cause of its
 * own, and so is each place of a file: each must be mended.
 */
const causeOf = ({ message, rule, severity, source, where }: Finding, check: string): string =>
  JSON.stringify([rule, severity, message, where, source, isOfMessage(where) ? "" : check])

const isOfMessage = (where = ""): boolean => /^(?:request|response|update)\b/.test(where)

const sizeOf = ({ reproduce = "" }: Finding): number => reproduce.length

/**
 * A body that matches none of several schemas violates each of them: the violations of the branches are part of one finding.
 */
const withoutBranches = ({ findings }: Check): ReadonlyArray<Finding> => {
  const unions = findings.filter(({ rule }) => rule === "anyOf" || rule === "oneOf")
  const unionOf = (finding: Finding): Finding | undefined =>
    unions.find(
      (union) =>
        union !== finding &&
        union.reproduce === finding.reproduce &&
        isAtOrBelow(finding.where, union.where) &&
        // Of two at the same place, the first contains the other.
        (union.where !== finding.where || isBefore(findings, union, finding)),
    )
  return findings
    .filter((finding) => unionOf(finding) === undefined)
    .map((finding) => {
      const branches = new Set(
        findings.filter((one) => unionOf(one) === finding).map(({ message }) => message),
      )
      if (branches.size === 0) return finding
      const more = branches.size > maxBranches ? ", …" : ""
      const listed = [...branches].slice(0, maxBranches).join("; ")
      return Object.assign({}, finding, { message: `${finding.message}: ${listed}${more}` })
    })
}

/** How many violations of branches a message lists. */
const maxBranches = 3

const isAtOrBelow = (where: string | undefined, place: string | undefined): boolean =>
  where !== undefined && place !== undefined && (where === place || where.startsWith(`${place}/`))

/** A union that is reported after its branches still comes before another union at the same place. */
const isBefore = (findings: ReadonlyArray<Finding>, one: Finding, other: Finding): boolean =>
  !["anyOf", "oneOf"].includes(other.rule) || findings.indexOf(one) < findings.indexOf(other)
