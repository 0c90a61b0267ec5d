/** Faults on demand: their effects, the requests that they affect, and the faults that are rejected. */
import { type Fault, MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { jsonOf, post, postBytes, sample } from "./support/calls.ts"
import { endOf } from "@effect-sent/faults/rawClient"

type Mock = MockServer.MockServer["Service"]

const other = "+15005552041"

/** Sends requests one after the other and returns their statuses. */
const statuses = Effect.fnUntraced(function* (mock: Mock, count: number, body: unknown = sample) {
  const seen: Array<number> = []
  for (let sent = 0; sent < count; sent++) seen.push((yield* post(mock, body)).status)
  return seen
})

describe("a fault", () => {
  it.effect("answers the next requests, and is removed after `times`", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ times: 2, answer: { status: 503, example: "service-unavailable" } })
      assert.deepStrictEqual(yield* statuses(mock, 3), [503, 503, 204])
      assert.deepStrictEqual(yield* mock.faults, [])
      const [first] = yield* mock.messages()
      assert.strictEqual(first?.because, "fault 1: answer 503 service-unavailable")
      assert.isFalse(first?.accepted)
    }),
  )

  it.effect("affects only its phone number and its sender", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const one = "11111111-aaaa-1111-1111-111111111111"
      yield* mock.addFault({ phoneNumber: other, answer: { status: 404 } })
      yield* mock.addFault({ senderId: one.toUpperCase(), answer: { status: 403 } })
      assert.deepStrictEqual(yield* statuses(mock, 1), [204])
      assert.deepStrictEqual(
        yield* statuses(mock, 2, { ...sample, phoneNumber: other }),
        [404, 404],
      )
      assert.strictEqual((yield* post(mock, sample, { "x-sender-id": one })).status, 403)
      assert.deepStrictEqual(
        (yield* mock.faults).map(({ hits }) => hits),
        [2, 1],
      )
    }),
  )

  it.effect("affects a share of the requests, evenly spread", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ share: 0.3, answer: { status: 500 } })
      const seen = yield* statuses(mock, 20)
      assert.deepStrictEqual(
        seen.flatMap((status, index) => (status === 500 ? [index + 1] : [])),
        [4, 7, 10, 14, 17, 20],
      )
    }),
  )

  it.effect("does not affect invalid requests", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ times: 1, answer: { status: 500 } })
      assert.deepStrictEqual(yield* statuses(mock, 1, {}), [400])
      assert.deepStrictEqual(yield* statuses(mock, 2), [500, 204])
    }),
  )

  it.effect("resets the connection before the message is accepted", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ reset: "before-acceptance" })
      assert.deepStrictEqual(yield* endOf(mock.port, postBytes()), {
        text: "",
        error: "ECONNRESET",
      })
      const message = yield* mock.expectMessage({ accepted: false, status: "REFUSED" })
      assert.isUndefined(message.answer)
      assert.strictEqual(message.because, "fault 1: connection reset before acceptance")
    }),
  )

  it.effect("resets the connection after the message is accepted", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ reset: "after-acceptance" })
      assert.deepStrictEqual(yield* endOf(mock.port, postBytes()), {
        text: "",
        error: "ECONNRESET",
      })
      const message = yield* mock.expectMessage({ accepted: true })
      assert.deepStrictEqual(message.answer, { status: 204, headers: {}, delivery: "reset" })
      assert.lengthOf(message.updates, 4)
    }),
  )

  it.effect("truncates an answer in the middle", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ times: 1, broken: "truncated" })
      yield* mock.addFault({ broken: "truncated", answer: { status: 404 } })
      const accepted = yield* endOf(mock.port, postBytes())
      assert.match(accepted.text, /^HTTP\/1\.1 204/)
      assert.notInclude(accepted.text, "\r\n\r\n")
      const refused = yield* endOf(mock.port, postBytes())
      const [head = "", body = ""] = refused.text.split("\r\n\r\n")
      const declared = Number(/content-length: (\d+)/i.exec(head)?.[1])
      assert.isAbove(body.length, 0)
      assert.isBelow(body.length, declared)
      const [first, second] = yield* mock.messages()
      assert.deepStrictEqual([first?.accepted, first?.answer?.delivery], [true, "truncated"])
      assert.deepStrictEqual([second?.accepted, second?.answer?.status], [false, 404])
    }),
  )

  it.effect("sends bytes that are not HTTP", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ broken: "malformed" })
      const { text } = yield* endOf(mock.port, postBytes())
      assert.isAbove(text.length, 0)
      assert.notMatch(text, /^HTTP\//)
      assert.strictEqual(
        (yield* mock.expectMessage({ accepted: true })).answer?.delivery,
        "malformed",
      )
    }),
  )

  it.effect("delays the answer and does not change it", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      yield* mock.addFault({ times: 1, latencyMillis: 60_000 })
      const sending = yield* Effect.forkChild(
        post(mock, { ...sample, phoneNumber: "+15005554040" }),
      )
      yield* mock.awaitMessage({})
      yield* mock.clock.advance("1 minute")
      assert.strictEqual((yield* Fiber.join(sending)).status, 404)
    }),
  )

  it.effect("takes precedence over `Prefer`", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* mock.addFault({ answer: { status: 403, example: "empty" } })
      const answer = yield* post(mock, sample, { prefer: "code=404" })
      assert.deepStrictEqual([answer.status, answer.body], [403, ""])
    }),
  )

  it.effect("affects only the sender through whose view it was added", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const mine = mock.forSender("AAAAAAAA-1111-1111-1111-111111111111")
      const yours = mock.forSender("bbbbbbbb-1111-1111-1111-111111111111")
      const { id } = yield* mine.addFault({ answer: { status: 500 } })
      assert.deepStrictEqual(yield* yours.faults, [])
      assert.isFalse(yield* yours.removeFault(id))
      yield* yours.clearFaults
      const from = (senderId: string) => post(mock, sample, { "x-sender-id": senderId })
      assert.strictEqual((yield* from("bbbbbbbb-1111-1111-1111-111111111111")).status, 204)
      assert.strictEqual((yield* from("aaaaaaaa-1111-1111-1111-111111111111")).status, 500)
      assert.isTrue(yield* mine.removeFault(id))
      assert.strictEqual((yield* from("aaaaaaaa-1111-1111-1111-111111111111")).status, 204)
    }),
  )

  it.effect("is added, listed and removed over HTTP", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const call = (method: string, path: string, body?: unknown) =>
        Effect.promise(async () => {
          const response = await fetch(`${mock.inboxUrl}${path}`, {
            method,
            headers: { "content-type": "application/json" },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          })
          const text = await response.text()
          return { status: response.status, headers: {}, body: text }
        })
      const added = yield* call("POST", "faults", { answer: { status: 500 } })
      assert.strictEqual(added.status, 201)
      assert.deepStrictEqual(jsonOf(added), { answer: { status: 500 }, id: "1", hits: 0 })
      assert.deepStrictEqual(yield* statuses(mock, 1), [500])
      assert.deepStrictEqual(jsonOf(yield* call("GET", "faults")), [
        { answer: { status: 500 }, id: "1", hits: 1 },
      ])
      assert.strictEqual((yield* call("DELETE", "faults/1")).status, 204)
      assert.strictEqual((yield* call("DELETE", "faults/1")).status, 404)
      yield* call("POST", "faults", { reset: "before-acceptance" })
      assert.strictEqual((yield* call("DELETE", "faults")).status, 204)
      assert.deepStrictEqual(yield* statuses(mock, 1), [204])
      const refused = yield* call("POST", "faults", { reset: "sometimes" })
      assert.strictEqual(refused.status, 400)
      assert.include(refused.body, "reset")
    }),
  )

  it.effect.each<readonly [fault: object, words: string]>([
    [{}, "one of latencyMillis, reset, broken and answer"],
    [{ phoneNumber: other }, "one of latencyMillis, reset, broken and answer"],
    [{ answer: { status: 418 } }, 'no code "418"; available: '],
    [{ answer: { status: 404, example: "forbidden" } }, 'no example "forbidden" for 404'],
    [{ answer: { status: 404, example: "empty" } }, 'no example "empty" for 404'],
    [{ reset: "after-acceptance", broken: "truncated" }, "reset and broken cannot be combined"],
    [{ reset: "after-acceptance", answer: { status: 404 } }, "reset and answer cannot be combined"],
    [{ share: 0, latencyMillis: 1 }, "share"],
    [{ share: 1.5, latencyMillis: 1 }, "share"],
    [{ times: 0, latencyMillis: 1 }, "times"],
    [{ latencyMillis: -1 }, "latencyMillis"],
    [
      { latencyMillis: 1, phone: other },
      "a fault has no member phone; its members are operation, phoneNumber",
    ],
  ])("is rejected when it is invalid: %j", ([fault, words]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      // A program without types may pass anything.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const error = yield* Effect.flip(mock.addFault(fault as Fault.Fault))
      assert.include(error.message, "option fault: ")
      assert.include(error.message, words)
    }),
  )
})
