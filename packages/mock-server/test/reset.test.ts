/** Bringing a server back to its start, the same ids in each run, and messages that are exported and imported. */
import { MockServer, startMockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { credentials, jsonOf, post, sample } from "./support/calls.ts"
import { makeReceiver, statusesOf } from "./support/receiver.ts"

type Mock = MockServer.MockServer["Service"]

const one = "aaaaaaaa-1111-4111-8111-111111111111"
const thirdTry = { ...sample, phoneNumber: "+15005554292" }

const statuses = Effect.fnUntraced(function* (mock: Mock, count: number, senderId?: string) {
  const headers = { "x-sender-id": senderId ?? credentials["x-sender-id"] }
  const seen: Array<number> = []
  for (let sent = 0; sent < count; sent++) {
    seen.push((yield* post(mock, thirdTry, headers)).status)
  }
  return seen
})

const seeded = async (seed: string) => {
  await using mock = await startMockServer({ clock: "manual", seed })
  await Effect.runPromise(post(mock))
  await Effect.runPromise(post(mock, {}))
  const before = await mock.messages()
  await mock.reset()
  await Effect.runPromise(post(mock))
  const [after] = await mock.messages()
  assert.strictEqual(after?.id, before[0]?.id)
  return [...before, ...(await mock.refused())].map(({ id, receivedAt }) => [id, receivedAt])
}

const call = (mock: Mock, path: string, body?: string) =>
  Effect.promise(async () => {
    const sent = { method: "POST", headers: { "content-type": "application/jsonl" } }
    const init = body === undefined ? {} : { ...sent, body }
    const response = await fetch(`${mock.inboxUrl}${path}`, init)
    return { status: response.status, headers: {}, body: await response.text() }
  })

describe("reset", () => {
  it.effect("brings messages, faults, scenarios and clock to their state at the start", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      const startedAt = (yield* mock.clock.now).epochMilliseconds
      assert.deepStrictEqual(yield* statuses(mock, 1), [429])
      yield* post(mock, {})
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* mock.addFault({ times: 5, latencyMillis: 1 })
      yield* mock.clock.advance(3)
      yield* mock.reset
      assert.strictEqual((yield* mock.clock.now).epochMilliseconds, startedAt)
      assert.lengthOf(yield* mock.messages(), 0)
      assert.lengthOf(yield* mock.refused, 0)
      assert.lengthOf(yield* mock.faults, 0)
      assert.deepStrictEqual(yield* statuses(mock, 4), [429, 429, 204, 429])
      assert.strictEqual((yield* mock.messages())[0]?.number, 1)
      yield* mock.clock.advance("1 hour")
      assert.isAtMost(statusesOf(receiver).length, 1)
    }),
  )

  it.effect("of one sender leaves the others alone", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      yield* statuses(mock, 1)
      yield* statuses(mock, 1, one)
      const mine = mock.forSender(one)
      yield* mine.addFault({ times: 1, latencyMillis: 0 })
      yield* mock.addFault({ times: 1, phoneNumber: "+15005552040", latencyMillis: 0 })
      yield* mine.clock.advance("1 hour")
      yield* mine.reset
      assert.lengthOf(yield* mock.messages(), 1)
      assert.lengthOf(yield* mock.faults, 1)
      assert.deepStrictEqual(yield* mine.clock.now, yield* mock.clock.now)
      assert.deepStrictEqual(yield* statuses(mock, 2, one), [429, 429])
      assert.deepStrictEqual(yield* statuses(mock, 2), [429, 204])
    }),
  )

  it.effect("is not needed for the scenarios after the messages were cleared", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* statuses(mock, 1)
      yield* mock.clearMessages
      assert.deepStrictEqual(yield* statuses(mock, 3), [429, 429, 204])
    }),
  )
})

describe("a seed", () => {
  it("gives the same ids and times in each run", async () => {
    const first = await seeded("a")
    assert.deepStrictEqual(await seeded("a"), first)
    assert.notDeepEqual(await seeded("b"), first)
    assert.match(
      String(first[0]?.[0]),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    assert.strictEqual(first[0]?.[1], "2026-01-01T00:00:00.000Z")
  })
})

describe("JSON lines", () => {
  it.effect("move messages from one server to another", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver([204, 500])
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* post(mock, {})
      yield* mock.clock.advance("1 hour")
      const lines = (yield* call(mock, "export")).body
      assert.lengthOf(lines.trim().split("\n"), 2)
      const other = yield* MockServer.make({ clock: "manual" })
      assert.deepStrictEqual(jsonOf(yield* call(other, "import", lines)), { imported: 2 })
      assert.deepStrictEqual(jsonOf(yield* call(other, "import", lines)), { imported: 0 })
      yield* other.clock.advance("1 hour")
      assert.deepStrictEqual(yield* other.messages(), yield* mock.messages())
      assert.deepStrictEqual(yield* other.refused, yield* mock.refused)
    }),
  )

  it.effect("mark the updates that were pending, which can be resent", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      const lines = (yield* call(mock, "export")).body
      const other = yield* MockServer.make({ clock: "manual" })
      // The same message twice is one message.
      assert.deepStrictEqual(jsonOf(yield* call(other, "import", lines + lines)), { imported: 1 })
      yield* other.clock.advance("1 hour")
      const [message] = yield* other.messages()
      const first = message?.updates[0]
      assert.strictEqual(first?.state, "dropped")
      assert.include(first?.attempts[0]?.problem, "was pending when the message was exported")
      assert.lengthOf(receiver.updates, 0)
      yield* call(other, `messages/${message?.id}/updates/1/resend`, "{}")
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED"])
      assert.strictEqual((yield* other.messages())[0]?.updates[0]?.state, "received")
    }),
  )

  it.effect.each(["receivedAt", "dueAt", "happensAt"])(
    "with a wrong time in %s are refused",
    (name) =>
      Effect.gen(function* () {
        const mock = yield* MockServer.make({ clock: "manual" })
        yield* post(mock, { ...sample, webhookUrl: "http://127.0.0.1:9/" })
        const lines = (yield* call(mock, "export")).body
        yield* mock.reset
        const wrong = lines.replaceAll(new RegExp(`"${name}":"[^"]+"`, "g"), `"${name}":"soon"`)
        const answer = yield* call(mock, "import", wrong)
        assert.strictEqual(answer.status, 400)
        assert.include(answer.body, `line 1 is not a message: ${name} is not an ISO 8601 time`)
        assert.lengthOf(yield* mock.messages(), 0)
      }),
  )

  it.effect("are refused with the number of the line that is not a message", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      const lines = (yield* call(mock, "export")).body
      yield* mock.clearMessages
      const answer = yield* call(mock, "import", `${lines}\n{"id":"x"}\n`)
      assert.strictEqual(answer.status, 400)
      assert.include(answer.body, "line 3 is not a message")
      assert.lengthOf(yield* mock.messages(), 0)
    }),
  )
})
