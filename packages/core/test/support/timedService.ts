/** A service in memory whose answer can be changed, and that keeps when each request came. */
import { RetryPolicy, SentClient, SentCredentials } from "@effect-sent/core"
import { credentials, sample } from "@effect-sent/faults/sample"
import { Clock, Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"

/** A status, alone or with more; a connection that breaks or that there is none; or nothing at all. */
export type Answer =
  | number
  | "reset"
  | "refused"
  | "silent"
  | { readonly retryAfter: string }
  | { readonly status: number; readonly detail: string }

const responseOf = (answer: Exclude<Answer, string>): Response => {
  if (typeof answer === "number") return new Response(null, { status: answer })
  return "detail" in answer
    ? new Response(JSON.stringify(answer), { status: answer.status })
    : new Response(null, { status: 503, headers: { "retry-after": answer.retryAfter } })
}

/** Keeps the time of each request, in milliseconds, and layers that send to it. Nothing is retried. */
export const timedService = (first: Answer = 204) => {
  const state = { answer: first, times: new Array<number>() }
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      state.times.push(Number(yield* Clock.monotonicTimeNanos) / 1e6)
      const { answer } = state
      if (answer === "silent") return yield* Effect.never
      if (answer === "reset" || answer === "refused") {
        const cause =
          answer === "reset" ? { code: "ECONNRESET" } : { code: "ECONNREFUSED", syscall: "connect" }
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause }),
        })
      }
      return HttpClientResponse.fromWeb(request, responseOf(answer))
    }),
  )
  const layer = (options: SentClient.Options) =>
    SentClient.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
      Layer.provide(SentCredentials.layer(credentials)),
      Layer.provide(Layer.succeed(HttpClient.HttpClient, client)),
    )
  return { state, layer }
}

/** Sends the sample. */
export const send = SentClient.sendToPhone(sample)

/** Sends so many messages and says how each ended. */
export const reasonsOf = (sends: number) =>
  Effect.forEach(Array.from({ length: sends }), () =>
    send.pipe(
      Effect.map(() => "accepted"),
      Effect.catchTag("SentError", ({ reason }) => Effect.succeed<string>(reason._tag)),
    ),
  )
