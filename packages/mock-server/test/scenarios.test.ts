/** Magic numbers play the scenarios of the contract. */
import { Contract } from "@effect-sent/contract"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { contractChecker, jsonOf, post, postBytes, sample } from "./support/calls.ts"
import { endOf } from "@effect-sent/faults/rawClient"

const contract = await Effect.runPromise(Contract.load())
const operation = contract.operations[0]
const scenarios = contract.operations.flatMap((one) => one.scenarios)
const numberOf = (name: string): string =>
  scenarios.find((scenario) => scenario.name === name)?.phoneNumber ?? ""

const send = (
  mock: MockServer.MockServer["Service"],
  phoneNumber: string | undefined,
  senderId?: string,
) =>
  post(mock, { ...sample, phoneNumber }, senderId === undefined ? {} : { "x-sender-id": senderId })

describe("a magic number", () => {
  it.effect.each(
    scenarios.filter(
      ({ answers: [answer] }) => answer.lost === undefined && answer.delay === undefined,
    ),
  )("$phoneNumber plays the answers of $name", (scenario) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const check = yield* contractChecker
      for (const { example, status } of [...scenario.answers, scenario.answers[0]]) {
        const answer = yield* send(mock, scenario.phoneNumber)
        assert.strictEqual(answer.status, status)
        const declared = operation?.responses
          .find((response) => response.status === status)
          ?.examples.find(({ name }) => name === example)
        if (declared === undefined) {
          assert.strictEqual(answer.body, "")
          continue
        }
        assert.deepStrictEqual(jsonOf(answer), declared.value)
        check(status, jsonOf(answer))
        for (const [name, value] of Object.entries(declared.headers)) {
          assert.strictEqual(answer.headers[name.toLowerCase()], value)
        }
      }
      const messages = yield* mock.messages()
      assert.deepStrictEqual(
        messages.map(({ accepted, answer, scenario: name }) => [name, answer?.status, accepted]),
        [...scenario.answers, scenario.answers[0]].map(({ status }) => [
          scenario.name,
          status,
          status < 300,
        ]),
      )
    }),
  )

  it.effect("counts answers for each sender separately", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const number = numberOf("accepted-at-third-try")
      const [one, other] = [
        "11111111-1111-1111-1111-111111111111",
        "AAAAAAAA-1111-1111-1111-111111111111",
      ]
      const statuses: Array<number> = []
      for (const sender of [one, one, other, one, other.toLowerCase(), other, one]) {
        statuses.push((yield* send(mock, number, sender)).status)
      }
      assert.deepStrictEqual(statuses, [429, 429, 429, 204, 429, 204, 429])
    }),
  )

  it.effect("counts only requests that are valid", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const phoneNumber = numberOf("accepted-at-third-try")
      assert.strictEqual((yield* send(mock, phoneNumber)).status, 429)
      assert.strictEqual((yield* post(mock, { phoneNumber })).status, 400)
      assert.strictEqual((yield* send(mock, phoneNumber)).status, 429)
      assert.strictEqual((yield* send(mock, phoneNumber)).status, 204)
    }),
  )

  it.effect("yields to `Prefer`", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const body = { ...sample, phoneNumber: numberOf("not-found") }
      assert.strictEqual((yield* post(mock, body, { prefer: "code=204" })).status, 204)
      const prefer = "code=403, example=empty"
      assert.strictEqual((yield* post(mock, body, { prefer })).status, 403)
      const [accepted, refused] = yield* mock.messages()
      assert.strictEqual(accepted?.because, "prefer: code=204")
      assert.strictEqual(refused?.scenario, undefined)
    }),
  )

  it.effect("stores a message whose answer is lost, and sends its updates", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const body = { ...sample, phoneNumber: numberOf("answer-lost") }
      const { error, text } = yield* endOf(mock.port, postBytes(body))
      assert.deepStrictEqual([error, text], ["ECONNRESET", ""])
      const message = yield* mock.expectMessage({ scenario: "answer-lost" })
      assert.isTrue(message.accepted)
      assert.deepStrictEqual(message.answer, { status: 204, headers: {}, delivery: "reset" })
      assert.lengthOf(message.updates, 4)
    }),
  )

  it.effect("delays an answer until it is due", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const answer = yield* Effect.forkChild(send(mock, numberOf("slow")))
      // The message is accepted long before the caller receives the answer.
      const message = yield* mock.awaitMessage({ scenario: "slow" })
      assert.isTrue(message.accepted)
      assert.isUndefined(message.answer)
      yield* mock.clock.advance("4 seconds")
      assert.isUndefined((yield* mock.expectMessage({ scenario: "slow" })).answer)
      yield* mock.clock.advance("1 second")
      assert.strictEqual((yield* Fiber.join(answer)).status, 204)
      const answered = yield* mock.expectMessage({ scenario: "slow" })
      assert.deepStrictEqual(answered.answer, { status: 204, headers: {}, delivery: "whole" })
    }),
  )

  it.effect("is listed with its answers and updates", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const listed: unknown = yield* Effect.promise(async () =>
        (await fetch(`${mock.inboxUrl}scenarios`)).json(),
      )
      assert.deepStrictEqual(
        (Array.isArray(listed) ? listed : []).map((one: unknown) => [
          Object(one).name,
          Object(one).phoneNumber,
          Object(one).summary,
        ]),
        mock.contracts
          .flatMap(({ operations }) => operations)
          .flatMap((one) => one.scenarios)
          .map(({ name, phoneNumber, summary }) => [name, phoneNumber, summary]),
      )
    }),
  )
})
