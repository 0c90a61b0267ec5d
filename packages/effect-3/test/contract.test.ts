/**
 * The contract, through the adapter: the mock, which validates each request, accepts what is sent, and every answer and every way in
 * which a request is lost means what it means to core.
 */
import { Contract } from "@effect-sent/contract"
import * as Core from "@effect-sent/core"
import { RetryPolicy, SentClient, type SentError } from "@effect-sent/effect-3"
import { startMockServer } from "@effect-sent/mock-server"
import * as Effect from "effect/Effect"
import * as Effect4 from "effect-4/Effect"
import * as FetchHttpClient4 from "effect-4/http/FetchHttpClient"
import * as Layer4 from "effect-4/Layer"
import { assert, describe, it } from "vitest"
import { clientOf, credentials, message } from "./support/sample.ts"

/** What an application learns of a send. */
interface Learned {
  readonly reason: string
  readonly delivery: string
  readonly attempts: number
  readonly isRetryable: boolean
  readonly words: string
}

const learned = (error: Core.SentError.SentError | SentError.SentError): Learned => ({
  reason: error.reason._tag,
  delivery: error.delivery,
  attempts: error.attempts,
  isRetryable: error.isRetryable,
  words: error.message,
})

const accepted = ({ attempts }: { readonly attempts: number }): Learned => ({
  reason: "none",
  delivery: "accepted",
  attempts,
  isRetryable: false,
  words: "",
})

const timeout = "500 millis"

const scenarios = await Effect4.runPromise(Contract.load()).then(({ operations }) =>
  operations.flatMap((operation) => operation.scenarios),
)

describe("a scenario of the contract", () => {
  it("is played for many numbers", () => {
    assert.isAbove(scenarios.length, 30)
  })

  it.each(
    scenarios.flatMap(({ name, phoneNumber }) =>
      phoneNumber?.startsWith("+") === true ? [{ name, phoneNumber }] : [],
    ),
  )("$name means what it means to core", async ({ phoneNumber }) => {
    await using mock = await startMockServer()
    const input = { ...message, phoneNumber }
    const own = await SentClient.sendToPhone(input).pipe(
      Effect.match({ onFailure: learned, onSuccess: accepted }),
      Effect.provide(clientOf(mock, { timeout, retryPolicy: RetryPolicy.none })),
      Effect.runPromise,
    )
    // A scenario of several answers begins again.
    await mock.reset()
    const core = await Core.SentClient.sendToPhone(input).pipe(
      Effect4.match({ onFailure: learned, onSuccess: accepted }),
      Effect4.provide(
        Core.SentClient.layer({
          baseUrl: mock.baseUrl,
          timeout,
          retryPolicy: Core.RetryPolicy.none,
        }).pipe(
          Layer4.provide(Core.SentCredentials.layer(credentials)),
          Layer4.provide(FetchHttpClient4.layer),
        ),
      ),
      Effect4.runPromise,
    )
    assert.deepStrictEqual(own, core)
  })
})
