/**
 * Locates and reads the file of a contract.
 *
 * @example
 * ```ts
 * import { Contract, File } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const text = await Effect.runPromise(File.readText(Contract.bundledPath))
 * console.assert(text.startsWith("openapi: 3."))
 * ```
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { ContractError, ContractInvalid, ContractNotFound } from "./ContractError.ts"

/**
 * Resolves a path or a `file:` URL to an absolute path. Fails with `ContractNotFound` for a URL with another scheme.
 *
 * @example
 * ```ts
 * import { File } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const path = await Effect.runPromise(File.resolvePath("contract.yaml"))
 * console.assert(path.endsWith("contract.yaml"))
 * ```
 */
export const resolvePath = (path: string | URL): Effect.Effect<string, ContractError> =>
  Effect.try({
    try: () => (path instanceof URL ? fileURLToPath(path) : resolve(path)),
    // A URL with another scheme, or with a host.
    catch: () => new ContractError({ reason: new ContractNotFound({ path: String(path) }) }),
  })

/**
 * Reads a file as UTF-8. Fails with `ContractNotFound` when the file does not exist, and with `ContractInvalid` when it cannot
 * be read.
 *
 * @example
 * ```ts
 * import { File } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const missing = await Effect.runPromise(Effect.flip(File.readText("/no/such/file.yaml")))
 * console.assert(missing.reason._tag === "ContractNotFound")
 * ```
 */
export const readText = (file: string): Effect.Effect<string, ContractError> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) => {
      const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
      return new ContractError({
        reason:
          code === "ENOENT" || code === "ENOTDIR"
            ? new ContractNotFound({ path: file })
            : new ContractInvalid({ path: file, problem: `it cannot be read (${code})` }),
      })
    },
  })
