import { Effect, Layer } from "effect"
import { HttpClient, HttpClientError } from "effect/http"

/** An HTTP client whose every request fails for this cause. */
export const failing = (cause: unknown): Layer.Layer<HttpClient.HttpClient> =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause }),
        }),
      ),
    ),
  )
