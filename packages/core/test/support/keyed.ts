/** A service in memory that answers by the key it gets. */
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"

/** A status, alone or with a body; a connection that breaks; or nothing at all. */
export type Answer =
  number | { readonly status: number; readonly body: unknown } | "reset" | "silent"

/** Keeps the key of every request and gives the answer that `answerOf` says, once `before` has ended. */
export const keyed = (
  answerOf: (key: string, request: number) => Answer,
  before: (request: number) => Effect.Effect<void> = () => Effect.void,
) => {
  const keys: Array<string> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const key = request.headers["x-api-key"] ?? ""
      keys.push(key)
      const answer = answerOf(key, keys.length)
      yield* before(keys.length)
      if (answer === "silent") return yield* Effect.never
      if (answer === "reset") {
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: { code: "ECONNRESET" } }),
        })
      }
      const [status, body] =
        typeof answer === "number" ? [answer, null] : [answer.status, JSON.stringify(answer.body)]
      return HttpClientResponse.fromWeb(request, new Response(body, { status }))
    }),
  )
  return { keys, layer: Layer.succeed(HttpClient.HttpClient, client) }
}
