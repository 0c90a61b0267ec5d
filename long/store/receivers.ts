/** Receivers in processes of their own, and a provider that calls them until each update is answered 2xx. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"

export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** The events whose handler has begun, in this process. */
  readonly handled: ReadonlyArray<string>
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>
}

export const startReceiver = async (target: string): Promise<Receiver> => {
  const program = fileURLToPath(new URL("receiver.ts", import.meta.url))
  const child = spawn(process.execPath, ["--conditions=@effect-sent/source", program, target], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exited = once(child, "exit")
  const ended = once(child.stdout, "close")
  const handled: Array<string> = []
  const listening = Promise.withResolvers<string>()
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, word, rest = ""] = /^(\w+) (.*)$/.exec(line) ?? []
    if (word === "listening") listening.resolve(rest)
    else handled.push(rest)
  })
  void exited.then(() => listening.reject(new Error("the receiver has ended")))
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill(signal)
    await Promise.all([exited, ended])
  }
  const port = await listening.promise
  return { url: `http://127.0.0.1:${port}`, handled, kill, [Symbol.asyncDispose]: () => kill() }
}

/** Posts to a path until the answer is 2xx: to the next receiver each time, since one may be gone. */
export const deliver = async (
  path: string,
  receivers: () => ReadonlyArray<Receiver>,
  first: number,
): Promise<void> => {
  const deadline = Date.now() + 120_000
  for (let turn = first; Date.now() < deadline; turn++) {
    const all = receivers()
    const receiver = all[turn % all.length]
    // An attempt waits for the one before.
    // oxlint-disable-next-line no-await-in-loop
    const answer = await fetch(`${receiver?.url}${path}`, { method: "POST" }).catch(() => undefined)
    if (answer?.status === 204) return
    // oxlint-disable-next-line no-await-in-loop
    await sleep(100)
  }
  throw new Error(`not delivered: ${path}`)
}

/** Runs tasks, so many at a time. */
export const runAll = async (
  tasks: ReadonlyArray<() => Promise<void>>,
  concurrency: number,
): Promise<void> => {
  const queue = tasks.values()
  const work = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}
