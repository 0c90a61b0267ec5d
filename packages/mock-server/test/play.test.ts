/** Any outcome for any message: a scenario for a number, a template or a sender, with and without a receiver. */
import { MockServer, startMockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { post, sample } from "./support/calls.ts"
import { makeReceiver, statusesOf } from "./support/receiver.ts"

const { webhookUrl: _, ...unheard } = sample
const other = "aaaaaaaa-1111-4111-8111-111111111111"

describe("a message without a receiver", () => {
  it.effect.each([
    ["+15005552042", "FAILED"],
    ["+15005552041", "READ"],
    ["+15005552045", "ACCEPTED"],
  ])("to %s becomes %s", ([phoneNumber, status]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      yield* post(mock, { ...unheard, phoneNumber })
      yield* mock.expectOne({ status: "ACCEPTED", phoneNumber })
      yield* mock.clock.advance("1 hour")
      yield* mock.expectOne({ status, phoneNumber })
    }),
  )

  it.effect("can be awaited while the clock runs", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, unheard)
      yield* mock.awaitMessage({ status: "DELIVERED" }, "10 seconds")
    }),
  )
})

describe("play", () => {
  it.effect("gives a real number the outcome of a scenario", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      yield* mock.play("failed", { phoneNumber: sample.phoneNumber, times: 1 })
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* mock.clock.advance("1 hour")
      assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "ROUTED", "SENT", "FAILED"])
      const { because } = yield* mock.expectOne({ status: "FAILED", scenario: "failed" })
      assert.strictEqual(because, "fault 1: scenario failed")
      yield* post(mock, unheard)
      yield* mock.clock.advance("1 hour")
      yield* mock.expectOne({ status: "DELIVERED" })
    }),
  )

  it.effect("affects only its template and its sender", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const templateId = "8ba7b820-9dad-11d1-80b4-00c04fd430c8"
      yield* mock.play("template-not-found", { templateId: templateId.toUpperCase() })
      yield* mock.forSender(other).play("too-many-requests")
      assert.strictEqual((yield* post(mock)).status, 204)
      assert.strictEqual((yield* post(mock, { ...sample, templateId })).status, 400)
      assert.strictEqual((yield* post(mock, sample, { "x-sender-id": other })).status, 429)
      yield* mock.clearFaults
      assert.strictEqual((yield* post(mock, { ...sample, templateId })).status, 204)
    }),
  )

  it("is refused when there is no such scenario, in code and over HTTP", async () => {
    await using mock = await startMockServer()
    const problem: unknown = await mock.play("fails").catch((cause: unknown) => cause)
    assert.match(
      String(problem),
      /there is no scenario "fails"; scenarios: delivered, read, failed/,
    )
    const place = (body: object) =>
      fetch(`${mock.inboxUrl}faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      })
    assert.strictEqual((await place({ scenario: "fails" })).status, 400)
    assert.strictEqual((await place({ scenario: "failed", answer: { status: 503 } })).status, 400)
    assert.strictEqual((await place({ scenario: "failed" })).status, 201)
  })
})

const file = (content: object) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-scenarios-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
    ),
    (folder) => {
      const path = join(folder, "scenarios.json")
      writeFileSync(path, JSON.stringify(content))
      return path
    },
  )

describe("a file of scenarios", () => {
  const own = { summary: "Sent twice.", phoneNumber: "+15005559001", answers: [{ status: 204 }] }

  it.effect("adds scenarios to those of the contract", () =>
    Effect.gen(function* () {
      const scenarios = yield* file({
        mine: { ...own, updates: [{ example: "blocked", after: 1 }] },
      })
      const mock = yield* MockServer.make({ clock: "manual", scenarios })
      yield* post(mock, { ...unheard, phoneNumber: own.phoneNumber })
      yield* mock.clock.advance("1 hour")
      yield* mock.expectOne({ scenario: "mine", status: "BLOCKED" })
      yield* mock.play("mine")
    }),
  )

  it.effect.each<readonly [content: object, problem: string]>([
    [
      { mine: { ...own, answers: [{ status: 418 }] } },
      "the scenario mine cannot be played: the operation declares no response 418",
    ],
    [
      { mine: { ...own, updates: [{ example: "lost", after: 1 }] } },
      "declares no update example lost",
    ],
    [{ failed: own }, "the contract has a scenario failed"],
    [{ mine: { ...own, phoneNumber: "+15005552042" } }, "has the phone number of failed"],
    [{ mine: {} }, "it has no scenarios"],
  ])("is refused when it is wrong: %j", ([content, problem]) =>
    Effect.gen(function* () {
      const scenarios = yield* file(content)
      const error = yield* Effect.flip(MockServer.make({ scenarios }))
      assert.include(error.message, problem)
    }),
  )
})
