/** Programs of the tests in processes of their own. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

/** Starts a program beside this file. It is killed with the scope, if it still runs. */
export const start = (program: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const file = fileURLToPath(new URL(program, import.meta.url))
      const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] })
      const exited = once(child, "exit")
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      return {
        /** The next line. Undefined after the last one. */
        line: Effect.promise(async () => {
          const next = await lines.next()
          return next.done === true ? undefined : next.value
        }),
        succeeds: Effect.promise(async () => {
          await exited
          assert.strictEqual(child.exitCode, 0, program)
        }),
        kill: Effect.promise(async () => {
          child.kill("SIGKILL")
          await exited
          return child.signalCode
        }),
      }
    }),
    ({ kill }) => kill,
  )
