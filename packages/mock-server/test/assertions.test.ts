/** What a failed assertion says: the line of the test, the nearest miss, and the messages that are too many. */
import { type MessageMatch, MockServer, startMockServer } from "@effect-sent/mock-server"
// The import adds the matcher.
// oxlint-disable-next-line import/no-unassigned-import
import "@effect-sent/mock-server/vitest"
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { fileURLToPath } from "node:url"
import { post, sample } from "./support/calls.ts"

const here = fileURLToPath(import.meta.url)
const Digits = Schema.String.check(Schema.isPattern(/^\d+$/))
const isShort = (text: string | undefined): boolean => (text ?? "").length < 3

describe("a member of a match", () => {
  it.effect.each<readonly [match: MessageMatch.MatchMembers, miss: string | undefined]>([
    [{ phoneNumber: /^\+1234/g }, undefined],
    [{ phoneNumber: (number) => number?.endsWith("890") ?? false }, undefined],
    [{ variables: { order_id: Digits, name: /doe/i } }, undefined],
    [{ accepted: Schema.Literal(true), answerStatus: 204 }, undefined],
    [{ phoneNumber: /^\+49/ }, 'phoneNumber is "+1234567890", which does not match /^\\+49/'],
    [
      { variables: { name: isShort } },
      'variables.name is "John Doe", which the function isShort rejects',
    ],
    [
      { variables: { name: Digits } },
      'variables.name is "John Doe", which does not conform to the schema',
    ],
    [{ answerStatus: 400 }, "answerStatus is 204, not 400"],
  ])("%o", ([match, miss]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      const result = yield* Effect.result(mock.expectMessage(match))
      if (miss === undefined) assert.strictEqual(result._tag, "Success")
      else if (result._tag === "Failure") assert.include(result.failure.message, miss)
      else assert.fail("it matched")
    }),
  )
})

describe("expectOne, expectNone and expectRefused", () => {
  it.effect("count messages and find refusals", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      yield* mock.expectNone({})
      yield* post(mock)
      assert.strictEqual((yield* mock.expectOne({})).number, 1)
      yield* post(mock)
      const two = yield* Effect.flip(mock.expectOne({ status: "ACCEPTED" }))
      assert.strictEqual(
        two.message,
        '2 messages matched status "ACCEPTED", expected 1: message 1, message 2',
      )
      const some = yield* Effect.flip(mock.expectNone({}))
      assert.strictEqual(
        some.message,
        "2 messages matched an empty match, expected none: message 1, message 2",
      )
      yield* post(mock, { ...sample, phoneNumber: "12125550101" })
      yield* post(mock, { ...sample, phoneNumber: "+15005554005" })
      assert.strictEqual((yield* mock.expectRefused({})).number, 4)
      assert.strictEqual((yield* mock.expectRefused({ reason: /^phoneNumber: / })).number, 3)
      const none = yield* Effect.flip(mock.expectRefused({ answerStatus: 429 }))
      assert.include(none.message, "answerStatus is 400, not 429")
    }),
  )
})

/** The first frame of a stack. */
const firstFrame = (error: unknown): string =>
  error instanceof Error
    ? (error.stack?.split("\n").find((line) => line.includes(" at ")) ?? "")
    : ""

describe("a failed assertion shows the line of the test", () => {
  it("with promises", async () => {
    await using mock = await startMockServer()
    const calls = [
      () => mock.expectMessage({}),
      () => mock.expectOne({}),
      () => mock.expectRefused({}),
      () => mock.awaitMessage({}, 1),
      () => mock.forSender("x").expectMessage({}),
    ]
    for (const call of calls) {
      // oxlint-disable-next-line no-await-in-loop
      const frame = firstFrame(await call().catch((cause: unknown) => cause))
      assert.include(frame, here)
    }
  })

  it.effect("with effects", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const error = yield* Effect.flip(mock.expectMessage({}))
      assert.include(firstFrame(error), here)
    }),
  )
})

const failureOf = async (asserted: Promise<void>): Promise<unknown> => {
  try {
    await asserted
    return undefined
  } catch (cause) {
    return cause
  }
}

describe("toHaveSent", () => {
  it("describes the closest message, and takes effects, too", async () => {
    await using mock = await startMockServer()
    await Effect.runPromise(post(mock))
    await expect(mock).toHaveSent({ phoneNumber: /^\+1/ })
    await expect(mock).not.toHaveSent({ phoneNumber: "+15005552040" })
    const missing = await failureOf(expect(mock).toHaveSent({ phoneNumber: "+15005552040" }))
    assert.include(String(missing), 'closest of 1: message 1, where phoneNumber is "+1234567890"')
    const found = await failureOf(expect(mock).not.toHaveSent({}))
    assert.include(String(found), "1 message matched an empty match, expected none: message 1")
    const program = Effect.gen(function* () {
      const other = yield* MockServer.make()
      yield* post(other)
      yield* Effect.promise(() => expect(other).toHaveSent({ accepted: true }))
    })
    await Effect.runPromise(Effect.scoped(program))
  })
})
