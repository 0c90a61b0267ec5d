/** How an application tests its messages: with a mock server on a free port. */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Signup } from "../signup.ts"

const SentMock = Layer.unwrap(
  MockServer.MockServer.useSync(({ baseUrl }) => SentClient.layer({ baseUrl })),
).pipe(
  Layer.provide(MockServer.layer()),
  Layer.provide(
    SentCredentials.layer({ senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "any" }),
  ),
  Layer.provide(FetchHttpClient.layer),
)

layer(Signup.layer.pipe(Layer.provide(SentMock)))("signing up", (it) => {
  it.effect("welcomes a person", () =>
    Effect.gen(function* () {
      const signup = yield* Signup
      assert.isTrue(yield* signup.welcome("John Doe", "+1234567890"))
    }),
  )

  it.effect("reports an invalid number", () =>
    Effect.gen(function* () {
      const signup = yield* Signup
      assert.isFalse(yield* signup.welcome("John Doe", "call me"))
    }),
  )
})
