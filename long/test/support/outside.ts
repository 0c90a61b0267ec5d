/** Commands as a user runs them, outside of this workspace. */
import { spawnSync } from "node:child_process"
import { dirname } from "node:path"
import { assert } from "vitest"

/** The environment without the settings of a client and the variables that pnpm and vitest set for these tests, and with `node` first in its path. */
export const envOf = (node: string): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|NODE_OPTIONS$|NODE_PATH$|FORCE_COLOR$|SENT_|VITEST)/i.test(name),
    ),
  ),
  PATH: `${dirname(node)}:${process.env["PATH"] ?? ""}`,
  // Some tools print colors wherever `CI` is set.
  NO_COLOR: "1",
})

/** The environment with the Node.js of this repository. */
export const env: NodeJS.ProcessEnv = envOf(process.execPath)

export interface Ended {
  readonly status: number | null
  readonly output: string
}

/** Runs a command and waits for its end. */
export const runWith = (
  variables: NodeJS.ProcessEnv,
  cwd: string,
  [command = "", ...args]: ReadonlyArray<string>,
): Ended => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    env: variables,
    encoding: "utf8",
  })
  return { status, output: `${stdout}${stderr}${error?.message ?? ""}` }
}

export const run = (cwd: string, ...command: ReadonlyArray<string>): Ended =>
  runWith(env, cwd, command)

/** Runs a command that has to end with 0, and returns what it prints. */
export const succeedWith = (
  variables: NodeJS.ProcessEnv,
  cwd: string,
  command: ReadonlyArray<string>,
): string => {
  const { output, status } = runWith(variables, cwd, command)
  assert.strictEqual(status, 0, `${command.join(" ")}\n${output}`)
  return output
}

export const succeed = (cwd: string, ...command: ReadonlyArray<string>): string =>
  succeedWith(env, cwd, command)
