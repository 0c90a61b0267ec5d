/** The shop, called over HTTP by its customers and by the mock, and killed in the middle. */
import { freePort } from "@effect-sent/faults/freePort"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-shop-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 10 })),
)

/** Starts the shop as a process, and waits until it listens. */
const start = (env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const program = fileURLToPath(new URL("../shop.ts", import.meta.url))
      const child = spawn(process.execPath, [program], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
      })
      const exited = once(child, "exit")
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes("Listening on")) break
      }
      child.stdout.resume()
      return {
        end: (signal: NodeJS.Signals) =>
          Effect.promise(async () => {
            child.kill(signal)
            await exited
          }),
      }
    }),
    ({ end }) => end("SIGKILL"),
  )

describe("shop.ts", () => {
  it.live(
    "sends one message for each order, also when it is killed, and no message for an order that failed",
    () =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make()
        const port = yield* Effect.promise(freePort)
        const url = `http://127.0.0.1:${port}`
        const env = {
          SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
          SENT_API_KEY: "any",
          SENT_BASE_URL: mock.baseUrl,
          PUBLIC_URL: url,
          PORT: String(port),
          SHOP_SECRET: "a secret of the tests, long enough to sign with",
          SHOP_FILE: join(yield* folder, "shop.sqlite"),
        }
        const put = (id: string, body: unknown) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}/orders/${id}`, {
              method: "PUT",
              headers: { "content-type": "application/json" },
              body: JSON.stringify(body),
            })
            return response.status
          })
        const stateOf = (id: string) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}/orders/${id}`)
            return response.status === 200
              ? String(Reflect.get(Object(await response.json()), "message"))
              : response.status
          })
        const until = (id: string, state: string) =>
          Effect.repeat(stateOf(id), {
            until: (found) => found === state,
            schedule: Schedule.spaced("50 millis"),
          }).pipe(Effect.timeout("20 seconds"))

        const order = { phoneNumber: "+15005552040", cents: 4200 }
        const first = yield* start(env)
        assert.strictEqual(yield* put("1", order), 204)
        assert.strictEqual(yield* put("1", order), 204)
        assert.strictEqual(yield* put("1", { ...order, cents: 1 }), 409)
        assert.strictEqual(yield* put("2", { ...order, phoneNumber: "call me" }), 422)
        assert.strictEqual(yield* stateOf("2"), 404)
        yield* until("1", "accepted")

        // The order is committed, and its process killed at once: another one sends the message, or it was on its way.
        assert.strictEqual(yield* put("3", order), 204)
        yield* first.end("SIGKILL")
        const second = yield* start(env)
        assert.strictEqual(yield* put("4", order), 204)
        yield* until("4", "accepted")
        // A worker that is killed between its claim and the wire leaves `claimed`, until its lease ends.
        assert.include(["pending", "claimed", "attempting", "accepted"], yield* stateOf("3"))
        const sent = yield* mock.messages()
        for (const id of ["1", "3", "4"]) {
          assert.isAtMost(sent.filter(({ variables }) => variables["order_id"] === id).length, 1)
        }
        yield* second.end("SIGTERM")
      }),
    60_000,
  )
})
