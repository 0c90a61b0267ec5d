/**
 * Tests of an application that sends: the service in memory. There is no socket and no network; validation, errors,
 * receipts, retries and the tracker are the real ones.
 *
 * **Details**
 *
 * It is a separate entry point, `@effect-sent/core/testing`, so that no application bundles it. What follows takes time by
 * `Clock`: under `TestClock`, a retry, a time-out or an update comes when the test says so. A property test checks it
 * against the mock server: both lead to the same result for the same request.
 *
 * @example
 * ```ts
 * import { SentClient } from "@effect-sent/core"
 * import * as Testing from "@effect-sent/core/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const service = yield* Testing.TestService
 *   yield* service.play(Testing.fail("InsufficientBalance"))
 *   const input = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }
 *   const error = yield* Effect.flip(SentClient.sendToPhone(input))
 *   console.assert(error.reason._tag === "InsufficientBalance")
 *   yield* SentClient.sendToPhone(input)
 *   console.assert((yield* service.messages).length === 1)
 * })
 *
 * await Effect.runPromise(Effect.provide(program, Testing.layer()))
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as DeliveryTracker from "./DeliveryTracker.ts"
import { makeService, type Service } from "./internal/testing/service.ts"
import * as SentClient from "./SentClient.ts"
import * as SentCredentials from "./SentCredentials.ts"
import type { SentError } from "./SentError.ts"

export {
  accept,
  type AcceptOptions,
  fail,
  type FailOptions,
  type Outcome,
  type PlayedReason,
  respond,
  type TestResponse,
  type TestUpdate,
} from "./internal/testing/outcome.ts"
export {
  type ConnectOptions,
  type Service,
  type TestMessage,
  type TestRequest,
  UpdateNotTaken,
} from "./internal/testing/service.ts"

/** The service in memory, as a test sees it. */
export class TestService extends Context.Service<TestService, Service>()(
  "@effect-sent/core/testing/TestService",
) {}

/** The options of the client: all but the ones that say where the service is. */
export type Options = Omit<
  SentClient.Options,
  "baseUrl" | "allowPlainHttp" | "dangerouslyAllowBrowser"
>

/**
 * Provides a client whose service is in memory.
 *
 * @example
 * ```ts
 * import { RetryPolicy, SentClient } from "@effect-sent/core"
 * import * as Testing from "@effect-sent/core/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { play, requests } = yield* Testing.TestService
 *   // The service accepts the message, and the response is lost.
 *   yield* play(Testing.fail("ConnectionLost", { isAccepted: true }))
 *   const { delivery } = yield* Effect.flip(
 *     SentClient.sendToPhone({
 *       phoneNumber: "+1234567890",
 *       templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *     }),
 *   )
 *   console.assert(delivery === "unknown")
 *   console.assert((yield* requests).length === 1)
 * })
 *
 * await Effect.runPromise(
 *   Effect.provide(program, Testing.layer({ retryPolicy: RetryPolicy.notSent })),
 * )
 * ```
 */
export const layer = (
  options: Options = {},
): Layer.Layer<SentClient.SentClient | TestService, SentError> =>
  Layer.unwrap(
    Effect.map(makeService, ({ client, service }) =>
      SentClient.layer({ ...options, dangerouslyAllowBrowser: true }).pipe(
        Layer.provide(SentCredentials.layer(credentials)),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
        Layer.merge(Layer.succeed(TestService, service)),
      ),
    ),
  )

/**
 * Provides the service in memory as an `HttpClient`, for the layer of your own client. It takes requests to any host; other
 * paths than that of a send are answered with 404.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import * as Testing from "@effect-sent/core/testing"
 * import { Effect, Layer } from "effect"
 *
 * const SentTest = SentClient.layer({ timeout: "10 seconds" }).pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provideMerge(Testing.layerHttpClient),
 * )
 * const sent = Effect.flatMap(Testing.TestService, ({ messages }) => messages)
 *
 * console.assert((await sent.pipe(Effect.provide(SentTest), Effect.runPromise)).length === 0)
 * ```
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient | TestService> =
  Layer.effectContext(
    Effect.map(makeService, ({ client, service }) =>
      Context.make(HttpClient.HttpClient, client).pipe(Context.add(TestService, service)),
    ),
  )

/**
 * Provides a client and a tracker whose service is in memory, and whose updates come to the tracker.
 *
 * @example
 * ```ts
 * import { DeliveryTracker } from "@effect-sent/core"
 * import * as Testing from "@effect-sent/core/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const service = yield* Testing.TestService
 *   yield* service.play(Testing.accept({ updates: [{ status: "SENT" }, { status: "DELIVERED" }] }))
 *   const send = yield* DeliveryTracker.sendToPhone({
 *     phoneNumber: "+1234567890",
 *     templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 *   })
 *   const { status } = yield* send.awaitFinal({ within: "1 minute" })
 *   console.assert(status === "DELIVERED")
 * })
 *
 * await Effect.runPromise(Effect.provide(program, Testing.layerTracked()))
 * ```
 */
export const layerTracked = <R = never>(
  tracker: Partial<DeliveryTracker.Options<R>> = {},
  client: Options = {},
): Layer.Layer<
  SentClient.SentClient | DeliveryTracker.DeliveryTracker | TestService,
  SentError,
  Exclude<R, Scope.Scope>
> => {
  const [webhookSecret] = [tracker.webhookSecret].flat()
  const connected = Layer.effectDiscard(
    Effect.gen(function* () {
      const { receive } = yield* DeliveryTracker.DeliveryTracker
      const { connect } = yield* TestService
      yield* connect(receive, { webhookSecret })
    }),
  )
  return connected.pipe(
    Layer.provideMerge(DeliveryTracker.layer<R>({ ...receiver, ...tracker })),
    Layer.provideMerge(layer(client)),
  )
}

// Of the form that the real ones have, and worth nothing.
const credentials = {
  senderId: "00000000-0000-4000-8000-000000000000",
  apiKey: "a-key-of-a-test",
}

const receiver = {
  publicUrl: "https://app.example.com/webhooks/sent",
  secret: "a secret for tests, worth nothing outside",
}
