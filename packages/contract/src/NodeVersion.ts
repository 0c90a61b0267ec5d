/**
 * Whether this version of Node.js is new enough. It is imported before anything else, so it uses nothing that an older
 * version does not have.
 *
 * @example
 * ```ts
 * import { NodeVersion } from "@effect-sent/contract"
 *
 * console.assert(NodeVersion.problemOf("20.19.0", ">=24.18.0")?.includes("Node.js 24.18.0") === true)
 * ```
 */

/**
 * Why a version does not satisfy the `engines.node` of a package, in one sentence. Undefined when it does.
 *
 * **Gotchas**
 *
 * Only ranges of the form `>=24.18.0` are understood.
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
