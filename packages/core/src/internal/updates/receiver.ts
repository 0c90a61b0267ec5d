/** Receives a call of the provider and says what to respond. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { DeliveryEvent } from "../../DeliveryStatus.ts"
import type { WebhookError } from "../../WebhookError.ts"
import * as Kind from "../options.ts"
import { type Answer, answerOf, type Call, readBody } from "./call.ts"

/** Receives calls. It never fails. */
export type Receive = (call: Call) => Effect.Effect<Answer>

/** The options that all receivers have. */
export interface Limits {
  /** The longest body to read, in bytes. Default: 256 KiB. */
  readonly maxBodyBytes?: number | undefined
  /**
   * How long a handler may take until it is interrupted and the response is 500, and how long a body may take to arrive.
   * Default: 20 seconds, since the provider waits for 30 by default.
   */
  readonly timeout?: Duration.Input | undefined
}

export const limitKinds: Kind.Kinds<Limits> = {
  maxBodyBytes: Kind.whole(1),
  timeout: Kind.duration(),
}

export const defaultTimeout: Duration.Duration = Duration.seconds(20)

export interface Receiving<E> extends Limits {
  /** Verifies a body and decodes it. */
  readonly read: (body: Uint8Array) => Effect.Effect<DeliveryEvent, WebhookError>
  readonly handle: (event: DeliveryEvent, body: Uint8Array) => Effect.Effect<void, E>
}

/** Responds to a call, with 2xx only after the event was handled. */
export const receive = <E>(call: Call, receiving: Receiving<E>): Effect.Effect<Answer> =>
  (call.method ?? "POST").toUpperCase() === "POST"
    ? respond(call, receiving).pipe(Effect.catch(Effect.succeed))
    : Effect.succeed(answerOf(405, "", { allow: "POST" }))

const respond = Effect.fnUntraced(function* <E>(
  call: Call,
  { handle, maxBodyBytes = defaultMaxBodyBytes, read, timeout = defaultTimeout }: Receiving<E>,
): Effect.fn.Return<Answer, Answer> {
  const body = yield* readBody(call, maxBodyBytes).pipe(
    Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail("too slow" as const) }),
    Effect.catch((unread) => {
      if (unread === "too long") return reject(413, `the body is longer than ${maxBodyBytes} bytes`)
      if (unread === "too slow") return reject(408, "the body did not arrive in time")
      return reject(400, unread === "broken off" ? "the body ended early" : unread.message)
    }),
  )
  const event = yield* read(body).pipe(
    Effect.catch(({ message, reason }) =>
      reject(reason._tag === "MalformedPayload" ? 400 : 401, message),
    ),
  )
  return yield* Effect.matchCauseEffect(handle(event, body), {
    onSuccess: () => Effect.succeed(answerOf(204)),
    // Whatever the failure of the handler, the provider calls again.
    onFailure: (cause) =>
      Effect.as(
        Effect.logError(
          "a delivery update was not handled; the provider will send it again",
          Cause.hasInterruptsOnly(cause) ? "its handler was interrupted" : cause,
        ),
        answerOf(500),
      ),
  })
})

const defaultMaxBodyBytes = 256 * 1024

/** Rejects a call for good. */
export const reject = (status: number, problem: string): Effect.Effect<never, Answer> =>
  Effect.andThen(
    Effect.logWarning(`a delivery update was rejected: ${problem}`),
    Effect.fail(answerOf(status, problem)),
  )
