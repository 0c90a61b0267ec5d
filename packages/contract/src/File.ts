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
 * Resolves a path or a `file:` URL to an absolute path. Fails with `ContractInvalid` for a URL with
 * another scheme: only `Document.open` reads over the network, when that is allowed.
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
    try: () =>
      /^[a-z][a-z0-9+.-]+:\/\//i.test(String(path)) ? fileURLToPath(path) : resolve(String(path)),
    // A URL with another scheme, or with a host.
    catch: () =>
      new ContractError({
        reason: new ContractInvalid({
          path: String(path),
          problem:
            "a contract is read from a file; download it, or allow the network (--allow-network of the contract tools)",
        }),
      }),
  })

const strict = new TextDecoder("utf-8", { fatal: true })

/**
 * Reads a file as UTF-8, without its byte order mark. Fails with `ContractNotFound` when the file does not exist, and with `ContractInvalid` when it cannot
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
    try: async () => strict.decode(await readFile(file)),
    catch: (cause) => {
      const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
      return new ContractError({
        reason:
          code === "ENOENT" || code === "ENOTDIR"
            ? new ContractNotFound({ path: file })
            : new ContractInvalid({
                path: file,
                problem: problems[code] ?? `it cannot be read (${code})`,
              }),
      })
    },
  })

const problems: Readonly<Record<string, string>> = {
  EISDIR: "it is a folder (EISDIR)",
  ERR_ENCODING_INVALID_ENCODED_DATA: "it is not UTF-8",
}
