/** The bundled contract, but that nobody waits five seconds for the answer of its scenario `slow`. */
import { Contract } from "@effect-sent/contract"
import { Effect, type Scope } from "effect"
import assert from "node:assert"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The path of the file, which is removed with the scope. */
export const quickContract: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(async () => {
    const directory = await mkdtemp(join(tmpdir(), "effect-sent-"))
    const text = await readFile(Contract.bundledPath, "utf8")
    const quick = text.replace("delay: 5 }", "delay: 0.2 }")
    assert.notStrictEqual(quick, text)
    const path = join(directory, "contract.yaml")
    await writeFile(path, quick)
    return { directory, path }
  }),
  ({ directory }) => Effect.promise(() => rm(directory, { recursive: true })),
).pipe(Effect.map(({ path }) => path))
