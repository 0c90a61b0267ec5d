/** Sends over v3 that are followed to their end, over the mock's real updates to the webhook of the account. */
import {
  BulkSender,
  DeliveryStore,
  DeliveryTracker,
  RetryPolicy,
  SentCredentials,
  SentMessages,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Stream } from "effect"
import { FetchHttpClient, HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { credentials, sample } from "@effect-sent/faults/sample"
import { until } from "./support/accountProbe.ts"

const { webhookUrl: _url, ...input } = sample

/** Magic numbers of the mock. */
const numbers = {
  read: "+15005552041",
  failed: "+15005552042",
  repeatedAndOutOfOrder: "+15005552044",
  answerLost: "+15005552052",
  updatesFirst: "+15005552053",
}

const webhookSecret = MockServer.defaultWebhookSecret

/** A tracker over v3 with its own server, which the mock's updates go to unless another one is registered later. */
const serve = Effect.fnUntraced(function* (
  mock: MockServer.MockServer["Service"],
  options: DeliveryTracker.Options = {},
) {
  const nodeServer = createServer()
  const context = yield* Layer.build(
    HttpRouter.serve(DeliveryTracker.route("/hooks/sent"), {
      disableLogger: true,
      disableListenLog: true,
    }).pipe(
      Layer.provideMerge(
        DeliveryTracker.layer({ webhookSecret, ...options }).pipe(
          Layer.provide(SentMessages.layerSentClient),
          Layer.provide(
            SentMessages.layer({ baseUrl: mock.baseUrl, retryPolicy: RetryPolicy.sameKey }),
          ),
          Layer.provide(SentCredentials.layer({ apiKey: credentials.apiKey })),
          Layer.provide(FetchHttpClient.layer),
        ),
      ),
      Layer.provide(NodeHttpServer.layer(() => nodeServer, { port: 0, host: "127.0.0.1" })),
    ),
  )
  const address = nodeServer.address()
  const port = address !== null && typeof address === "object" ? address.port : 0
  yield* mock.setWebhookUrl(`http://127.0.0.1:${port}/hooks/sent`)
  return Context.get(context, DeliveryTracker.DeliveryTracker)
})

describe("a tracked send over v3", () => {
  it.live.each([
    ["read", "READ", ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"]],
    ["repeatedAndOutOfOrder", "DELIVERED", ["QUEUED", "ROUTED", "SENT", "DELIVERED"]],
    // The updates come before the answer.
    ["updatesFirst", "DELIVERED", ["QUEUED", "ROUTED", "SENT", "DELIVERED"]],
    // The second request is answered with the id of the first one's message.
    ["answerLost", "DELIVERED", ["QUEUED", "ROUTED", "SENT", "DELIVERED"]],
  ] as const)("is followed to its end: %s", ([scenario, status, steps]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const handled: Array<string> = []
      const tracker = yield* serve(mock, {
        onUpdate: ({ event }) => Effect.sync(() => void handled.push(event.status)),
      })
      const sending = yield* Effect.forkChild(
        tracker.sendToPhone({ ...input, phoneNumber: numbers[scenario] }),
        { startImmediately: true },
      )
      yield* until(
        Effect.map(mock.clock.advance("1 second"), () => sending.pollUnsafe() !== undefined),
      )
      const send = yield* Fiber.join(sending)
      const receipt = yield* send.receipt
      assert.strictEqual(receipt.isReplayed, scenario === "answerLost")
      yield* mock.clock.advance("2 minutes")
      yield* until(Effect.map(send.state, (state) => state.status === status))
      const state = yield* send.state
      assert.deepStrictEqual(
        state.messages.map(({ messageId }) => messageId),
        [receipt.messageId],
      )
      assert.sameMembers(
        state.steps.map((step) => step.status),
        [...steps],
      )
      yield* until(Effect.sync(() => handled.length >= steps.length))
      assert.sameMembers(handled, [...steps])
      assert.lengthOf(yield* mock.messages({ accepted: true }), 1)
    }),
  )

  it.live("is followed in one process and told its updates in another one, before the answer", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const store = yield* DeliveryStore.makeMemory()
      const handled: Array<string> = []
      const onUpdate = ({ event }: DeliveryTracker.TrackedUpdate) =>
        Effect.sync(() => void handled.push(event.status))
      const sender = yield* serve(mock, { store, onUpdate })
      // Registered after it, so that all updates come here.
      yield* serve(mock, { store, onUpdate })
      const sending = yield* Effect.forkChild(
        sender.sendToPhone({ ...input, phoneNumber: numbers.updatesFirst }),
        { startImmediately: true },
      )
      yield* until(
        Effect.map(mock.clock.advance("1 second"), () => sending.pollUnsafe() !== undefined),
      )
      const send = yield* Fiber.join(sending)
      const { isFinal, steps } = yield* send.state
      assert.deepStrictEqual([isFinal, steps.length], [true, 4])
      yield* until(Effect.sync(() => handled.length >= 4))
      assert.sameMembers(handled, ["QUEUED", "ROUTED", "SENT", "DELIVERED"])
      const [message] = yield* mock.messages({ accepted: true })
      assert.deepStrictEqual(
        message?.updates.map(({ attempts, state }) => [state, attempts.length]),
        handled.map(() => ["received", 1]),
      )
    }),
  )

  it.live("is one of many, each with its own updates, and what others send is not mixed up", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const tracker = yield* serve(mock)
      const foreign = SentMessages.send({ to: ["+15005552042"], text: "of another program" }).pipe(
        Effect.provide(SentMessages.layer({ baseUrl: mock.baseUrl })),
        Effect.provide(SentCredentials.layer({ apiKey: credentials.apiKey })),
        Effect.provide(FetchHttpClient.layer),
      )
      yield* foreign
      const items = Array.from({ length: 20 }, (_, index) => ({
        input: { ...input, phoneNumber: index % 2 === 0 ? numbers.read : numbers.failed },
        context: index % 2 === 0 ? "READ" : "FAILED",
      }))
      const ends = yield* BulkSender.sendAllWith(tracker.sendToPhone)(Stream.fromIterable(items), {
        concurrency: 8,
      }).pipe(Stream.runCollect)
      assert.lengthOf(ends, 20)
      const messageIds = new Set<string>()
      for (const { context, result } of ends) {
        const send = yield* Effect.fromResult(result)
        yield* until(Effect.map(send.state, ({ status }) => status === context))
        const { messages } = yield* send.state
        for (const { messageId } of messages) messageIds.add(messageId)
      }
      assert.strictEqual(messageIds.size, 20)
    }),
  )
})
