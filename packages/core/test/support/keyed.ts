/** A service in memory that answers by the key it gets. */
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"

/** Keeps the key of every request and answers with the status that `statusOf` says, once `before` has ended. */
export const keyed = (
  statusOf: (key: string, request: number) => number,
  before: (request: number) => Effect.Effect<void> = () => Effect.void,
) => {
  const keys: Array<string> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.suspend(() => {
        const key = request.headers["x-api-key"] ?? ""
        keys.push(key)
        const status = statusOf(key, keys.length)
        return Effect.as(
          before(keys.length),
          HttpClientResponse.fromWeb(request, new Response(null, { status })),
        )
      }),
    ),
  )
  return { keys, layer }
}
