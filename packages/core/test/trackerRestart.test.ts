/** A process that follows a send is killed, and another one, started in its place, goes on with it. */
import { MockServer } from "@effect-sent/mock-server"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FileSystem } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { listen } from "./support/webhookForms.ts"

const program = fileURLToPath(new URL("support/trackingProgram.ts", import.meta.url))

/** A process of the program; killed with the scope, if it is still there. */
const start = (mock: MockServer.MockServer["Service"], ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [program, mock.baseUrl, ...args], {
        stdio: ["pipe", "pipe", "inherit"],
      })
      const exited = once(child, "exit")
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      return {
        pid: child.pid,
        /** What its next line says, after this word. */
        says: (word: string) =>
          Effect.promise(async () => {
            const { value = "nothing, and has ended" } = await lines.next()
            assert.isTrue(`${value} `.startsWith(`${word} `), `${word}, but it says ${value}`)
            return value.slice(word.length + 1)
          }),
        endInput: Effect.sync(() => child.stdin.end()),
        kill: Effect.promise(async () => {
          child.kill("SIGKILL")
          await exited
          return child.signalCode
        }),
      }
    }),
    ({ kill }) => kill,
  )

/** A process that has sent a message and, after so long by the mock's clock, was killed. */
const sendAndKill = Effect.fnUntraced(function* (
  mock: MockServer.MockServer["Service"],
  folder: string,
  after: number,
) {
  const first = yield* start(mock, "0", folder)
  const port = yield* first.says("listening")
  const id = yield* first.says("sent")
  yield* mock.clock.advance(after)
  assert.strictEqual(yield* first.kill, "SIGKILL")
  return { id, port, pid: first.pid }
})

const post = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        field: "message",
        timestamp: "2030-01-01T00:00:00Z",
        payload: {
          message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
          message_status: "FAILED",
        },
      }),
    })
    await response.text()
    return response.status
  })

describe("a process that replaces one that was killed", () => {
  it.live.each<readonly [when: string, after: number, before: Array<string>]>([
    ["before the first update", 0, []],
    // At a hundred times the pace.
    ["between two updates", 20, ["QUEUED", "ROUTED", "SENT"]],
  ])(
    "finds the send in the shared store, and tracks it to its final status: %s",
    ([, after, before]) =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make({ clock: "manual" })
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const { id, pid, port } = yield* sendAndKill(mock, folder, after)
        const stateOfUpdates = Effect.map(mock.expectMessage({}), ({ updates }) =>
          updates.filter(({ state }) => state === "received").map(({ status }) => status),
        )
        assert.deepStrictEqual(yield* stateOfUpdates, before)

        const second = yield* start(mock, port, folder, id)
        assert.notStrictEqual(second.pid, pid)
        assert.strictEqual(yield* second.says("listening"), port)
        yield* second.says("known")
        yield* mock.clock.advance("1 minute")
        assert.strictEqual(yield* second.says("state"), "DELIVERED: QUEUED ROUTED SENT DELIVERED")
        assert.deepStrictEqual(yield* stateOfUpdates, ["QUEUED", "ROUTED", "SENT", "DELIVERED"])
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000,
  )

  it.live(
    "adds to the stored state, even if the send was not looked up",
    () =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make({ clock: "manual" })
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const { id, port } = yield* sendAndKill(mock, folder, 20)

        const second = yield* start(mock, port, folder, "another")
        yield* second.says("listening")
        yield* second.says("unknown")
        yield* mock.clock.advance("1 minute")
        yield* second.kill

        const third = yield* start(mock, port, folder, id)
        yield* third.says("listening")
        yield* third.says("known")
        assert.strictEqual(yield* third.says("state"), "DELIVERED: QUEUED ROUTED SENT DELIVERED")
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000,
  )

  it.live(
    "does not find the send without a store, but accepts its updates, and no forged ones",
    () =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make({ clock: "manual" })
        const { id, port } = yield* sendAndKill(mock, "memory", 0)

        const second = yield* start(mock, port, "memory", id)
        assert.strictEqual(yield* second.says("listening"), port)
        yield* second.says("unknown")
        const { webhookUrl = "" } = yield* mock.expectMessage({})
        const forged = webhookUrl.slice(0, -1) + (webhookUrl.endsWith("A") ? "B" : "A")
        assert.strictEqual(yield* post(forged), 401)
        yield* mock.clock.advance("1 minute")
        const { updates } = yield* mock.expectMessage({ status: "DELIVERED" })
        assert.isTrue(updates.every(({ state }) => state === "received"))
        assert.strictEqual(yield* post(forged), 401)
        yield* second.endInput
        assert.strictEqual(yield* second.says("state"), "DELIVERED: QUEUED ROUTED SENT DELIVERED")
      }),
    60_000,
  )
})

const referenceProgram = fileURLToPath(new URL("support/referenceProgram.ts", import.meta.url))

describe("a process that is killed while it sends", () => {
  it.live(
    "leaves its send to be found by the caller's reference, as unknown",
    () =>
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const arrived = yield* Deferred.make<void>()
        // A service that reads a message, and never answers.
        const url = yield* listen((request) => {
          request.resume().once("end", () => Deferred.doneUnsafe(arrived, Effect.void))
        })
        const run = (mode: "send" | "find", reference: string) =>
          spawn(
            process.execPath,
            [referenceProgram, mode, new URL(url).origin, folder, reference],
            {
              stdio: ["ignore", "pipe", "inherit"],
            },
          )
        const find = (reference: string) =>
          Effect.promise(async () => {
            const [text]: Array<unknown> = await run("find", reference)
              .stdout.setEncoding("utf8")
              .toArray()
            return JSON.parse(String(text))
          })

        const sending = run("send", "order 12345")
        const exited = once(sending, "exit")
        yield* Effect.addFinalizer(() => Effect.sync(() => sending.kill("SIGKILL")))
        yield* Deferred.await(arrived)
        sending.kill("SIGKILL")
        assert.deepStrictEqual(yield* Effect.promise(() => exited), [null, "SIGKILL"])

        assert.deepStrictEqual(yield* find("order 12345"), {
          deliveries: ["unknown"],
          unknown: ["order 12345"],
        })
        assert.deepStrictEqual(yield* find("order 1"), {
          deliveries: [],
          unknown: ["order 12345"],
        })
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000,
  )
})
