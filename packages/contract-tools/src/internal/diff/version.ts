/** The version bump that changes require, and the one that was made. */
import * as Result from "effect/Result"
import * as SemVer from "effect/SemVer"
import type { Bump, Impact } from "./change.ts"

const required: Readonly<Record<Impact, Bump>> = {
  breaking: "major",
  addition: "minor",
  harmless: "none",
}

/** Below 1.0.0, where nothing is promised yet, each requires one step less. */
const requiredBelowOne: Readonly<Record<Impact, Bump>> = {
  breaking: "minor",
  addition: "patch",
  harmless: "none",
}

/** The bump that a change of this impact requires. */
export const bumpFor = (impact: Impact, oldVersion: string | undefined): Bump => {
  const old = parseVersion(oldVersion)
  const isBelowOne = old !== undefined && SemVer.isInitialDevelopment(old)
  return (isBelowOne ? requiredBelowOne : required)[impact]
}

/** The bump from one version to another. Undefined when one of them is not a semantic version. */
export const bumpBetween = (
  oldVersion: string | undefined,
  newVersion: string | undefined,
): Bump | undefined => {
  const old = parseVersion(oldVersion)
  const next = parseVersion(newVersion)
  if (old === undefined || next === undefined) return undefined
  if (!SemVer.isGreaterThan(next, old)) return "none"
  // A pre-release counts as its release.
  const release = SemVer.release(next)
  if (SemVer.isGreaterThanOrEqualTo(release, SemVer.bumpMajor(old))) return "major"
  if (SemVer.isGreaterThanOrEqualTo(release, SemVer.bumpMinor(old))) return "minor"
  return "patch"
}

const inOrder: ReadonlyArray<Bump> = ["none", "patch", "minor", "major"]

/** Whether a bump is at least as large as another. */
export const isAtLeast = (bump: Bump | undefined, least: Bump): boolean =>
  inOrder.indexOf(bump ?? "none") >= inOrder.indexOf(least)

/** The largest of several bumps. */
export const largestBump = (bumps: ReadonlyArray<Bump>): Bump =>
  bumps.reduce<Bump>((largest, bump) => (isAtLeast(largest, bump) ? largest : bump), "none")

/** `v1`, `1.2` and `v1.2.3` are versions too. */
const parseVersion = (version = ""): SemVer.SemVer | undefined => {
  const text = version.replace(/^v/, "")
  const [, major, minor = "0"] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  return Result.getOrUndefined(SemVer.parse(major === undefined ? text : `${major}.${minor}.0`))
}
