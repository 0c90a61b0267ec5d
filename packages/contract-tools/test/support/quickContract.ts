/** The bundled contracts, but that nobody waits seconds for the answer of a scenario such as `slow`. */
import { Contract } from "@effect-sent/contract"
import { Effect, type Scope } from "effect"
import assert from "node:assert"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The path of a copy of a contract, which is removed with the scope. */
export const quickContractOf = (path: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const directory = await mkdtemp(join(tmpdir(), "effect-sent-"))
      const text = await readFile(path, "utf8")
      const quick = text.replaceAll(/delay: [25] }/g, "delay: 0.2 }")
      assert.notStrictEqual(quick, text)
      const copy = join(directory, "contract.yaml")
      await writeFile(copy, quick)
      return { directory, copy }
    }),
    ({ directory }) => Effect.promise(() => rm(directory, { recursive: true })),
  ).pipe(Effect.map(({ copy }) => copy))

/** The path of a copy of the contract of v1. */
export const quickContract: Effect.Effect<string, never, Scope.Scope> = quickContractOf(
  Contract.bundledPath,
)
