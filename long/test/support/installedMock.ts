/** The mock of an installed package, as a process. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { env } from "./outside.ts"

export interface InstalledMock extends AsyncDisposable {
  readonly url: string
  /** The variables that point a program to the mock. */
  readonly variables: Readonly<Record<string, string>>
}

/** Starts the mock that is installed in `folder`. */
export const startInstalledMock = async (folder: string): Promise<InstalledMock> => {
  const bin = join(folder, "node_modules/@effect-sent/mock-server/dist/bin.js")
  const child: ChildProcess = spawn(process.execPath, [bin, "--port", "0"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "exit")
  if (child.stdout === null) throw new Error("the mock has no output")
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /SENT_BASE_URL=(\S+)/.exec(line) ?? []
    if (url === undefined) continue
    return {
      url,
      variables: {
        SENT_BASE_URL: url,
        SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
        SENT_API_KEY: "anything",
      },
      [Symbol.asyncDispose]: async () => {
        child.kill()
        await ended
      },
    }
  }
  throw new Error("the mock did not start")
}
