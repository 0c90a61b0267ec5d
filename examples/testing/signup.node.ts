/** Tests without a socket and without a framework: `node --test examples/testing/signup.node.ts`. */
import * as Testing from "@effect-sent/core/testing"
import { Effect, Layer, ManagedRuntime } from "effect"
import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { Signup } from "../signup.ts"

const app = ManagedRuntime.make(Signup.layer.pipe(Layer.provideMerge(Testing.layer())))

after(() => app.dispose())

describe("signing up", () => {
  it("welcomes a person", () =>
    app.runPromise(
      Effect.gen(function* () {
        const { welcome } = yield* Signup
        const service = yield* Testing.TestService
        assert.equal(yield* welcome("John", "+1234567890"), true)
        const [message] = yield* service.messages
        assert.deepEqual(message?.request.messageBody, { name: "John" })
      }),
    ))

  it("says nothing of a number that is invalid to the service", () =>
    app.runPromise(
      Effect.gen(function* () {
        const { welcome } = yield* Signup
        const service = yield* Testing.TestService
        const before = (yield* service.requests).length
        assert.equal(yield* welcome("John", "call me"), false)
        assert.equal((yield* service.requests).length, before)
      }),
    ))
})
