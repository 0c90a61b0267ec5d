/** What step from one version of a contract to the next its changes need, and which one was taken. */
import * as Result from "effect/Result"
import * as SemVer from "effect/SemVer"
import type { Impact, Step } from "../../../ContractDiff.ts"

const needed: Readonly<Record<Impact, Step>> = {
  breaking: "major",
  addition: "minor",
  harmless: "none",
}

/** Below 1.0.0, where nothing is promised yet, each needs one step less. */
const neededBelowOne: Readonly<Record<Impact, Step>> = {
  breaking: "minor",
  addition: "patch",
  harmless: "none",
}

export const neededStep = (impact: Impact, oldVersion: string | undefined): Step => {
  const old = parseVersion(oldVersion)
  const isBelowOne = old !== undefined && SemVer.isInitialDevelopment(old)
  return (isBelowOne ? neededBelowOne : needed)[impact]
}

/** From a version that cannot be read, or to one, no step can be told. */
export const takenStep = (
  oldVersion: string | undefined,
  newVersion: string | undefined,
): Step | undefined => {
  const old = parseVersion(oldVersion)
  const next = parseVersion(newVersion)
  if (old === undefined || next === undefined) return undefined
  if (!SemVer.isGreaterThan(next, old)) return "none"
  // A pre-release is counted as the release that it leads to.
  const release = SemVer.release(next)
  if (SemVer.isGreaterThanOrEqualTo(release, SemVer.bumpMajor(old))) return "major"
  if (SemVer.isGreaterThanOrEqualTo(release, SemVer.bumpMinor(old))) return "minor"
  return "patch"
}

const inOrder: ReadonlyArray<Step> = ["none", "patch", "minor", "major"]

export const isAtLeast = (taken: Step | undefined, least: Step): boolean =>
  inOrder.indexOf(taken ?? "none") >= inOrder.indexOf(least)

/** The largest step that one of them needs. */
export const largestStep = (steps: ReadonlyArray<Step>): Step =>
  steps.reduce<Step>((most, step) => (isAtLeast(most, step) ? most : step), "none")

/** `v1`, `1.2` and `v1.2.3` are versions too. */
const parseVersion = (version = ""): SemVer.SemVer | undefined => {
  const text = version.replace(/^v/, "")
  const [, major, minor = "0"] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  return Result.getOrUndefined(SemVer.parse(major === undefined ? text : `${major}.${minor}.0`))
}
