/** The file of a contract. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { ContractInvalid, ContractNotFound, MockServerError } from "../MockServerError.ts"

/** As an absolute path. */
export const resolvePath = (path: string | URL): Effect.Effect<string, MockServerError> =>
  Effect.try({
    try: () => (path instanceof URL ? fileURLToPath(path) : resolve(path)),
    // A URL of another scheme, or of another host.
    catch: () => new MockServerError({ reason: new ContractNotFound({ path: String(path) }) }),
  })

export const readText = (file: string): Effect.Effect<string, MockServerError> =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) => {
      const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : String(cause)
      return new MockServerError({
        reason:
          code === "ENOENT" || code === "ENOTDIR"
            ? new ContractNotFound({ path: file })
            : new ContractInvalid({ path: file, problem: `it cannot be read (${code})` }),
      })
    },
  })
