/**
 * Checks the version of Node.js. The programs of this repository import this module before any other, so it only uses features
 * that older versions have.
 *
 * @example
 * ```ts
 * import { NodeVersion } from "@effect-sent/contract"
 *
 * console.assert(NodeVersion.problemOf("20.19.0", ">=24.18.0")?.includes("Node.js 24.18.0") === true)
 * ```
 */

/**
 * Checks a version of Node.js against the `engines.node` of a package. Returns the problem in one sentence, and undefined when
 * the version is new enough.
 *
 * **Gotchas**
 *
 * Only ranges of the form `>=24.18.0` are supported.
 *
 * @example
 * ```ts
 * import { NodeVersion } from "@effect-sent/contract"
 *
 * console.assert(NodeVersion.problemOf("24.18.0", ">=24.18.0") === undefined)
 * ```
 */
export const problemOf = (version: string, engines: string): string | undefined => {
  const required = numbers(engines)
  return isOlder(numbers(version), required)
    ? `Node.js ${required.join(".")} or newer is required; this is ${version}`
    : undefined
}

const numbers = (version: string): ReadonlyArray<number> =>
  (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)

const isOlder = (version: ReadonlyArray<number>, required: ReadonlyArray<number>): boolean => {
  const index = required.findIndex((part, place) => part !== version[place])
  return index >= 0 && (version[index] ?? 0) < (required[index] ?? 0)
}
