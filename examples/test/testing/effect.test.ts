/** Tests of an Effect application, without a socket: `@effect/vitest`. */
import { DeliveryTracker } from "@effect-sent/core"
import * as Testing from "@effect-sent/core/testing"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Signup } from "../../signup.ts"

layer(Signup.layer.pipe(Layer.provideMerge(Testing.layerTracked())))("signing up", (it) => {
  it.effect("welcomes a person", () =>
    Effect.gen(function* () {
      const { welcome } = yield* Signup
      const service = yield* Testing.TestService
      assert.isTrue(yield* welcome("John", "+1234567890"))
      const [message] = yield* service.messages
      assert.deepStrictEqual(message?.request.messageBody, { name: "John" })
    }),
  )

  it.effect("asks for another number if the service refuses it", () =>
    Effect.gen(function* () {
      const { welcome } = yield* Signup
      const service = yield* Testing.TestService
      yield* service.play(Testing.fail("InvalidPhoneNumber"))
      assert.isFalse(yield* welcome("John", "+1234567890"))
    }),
  )

  it.effect("tries again when the service has time", () =>
    Effect.gen(function* () {
      const { welcome } = yield* Signup
      const service = yield* Testing.TestService
      yield* service.play(Testing.fail("RateLimited", { retryAfter: "20 seconds" }))
      const welcoming = yield* Effect.forkChild(welcome("John", "+1234567890"))
      // Far enough for the Retry-After and its jitter; no test waits for it.
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* Fiber.join(welcoming))
    }),
  )

  it.effect("learns that a message was delivered", () =>
    Effect.gen(function* () {
      const service = yield* Testing.TestService
      yield* service.play(
        Testing.accept({ updates: [{ status: "DELIVERED", after: "4 seconds" }] }),
      )
      const send = yield* DeliveryTracker.sendToPhone({
        phoneNumber: "+1234567890",
        templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      })
      const final = yield* Effect.forkChild(send.awaitFinal({ within: "1 minute" }))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* Fiber.join(final)).status, "DELIVERED")
    }),
  )
})
