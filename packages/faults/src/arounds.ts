/** What applications wrap their HTTP client in, and what repeats a request or takes it elsewhere. */
import { Effect, Layer, Schedule } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { Around } from "./FaultRun.ts"

/** An {@link Around} of a change of the client. */
export const changed =
  (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient): Around =>
  (http) =>
    Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)).pipe(
      Layer.provide(http),
    )

const again = { times: 3 }

/** Clients that repeat requests, by name. */
export const repeating: ReadonlyArray<readonly [name: string, around: Around]> = [
  ["retry", changed(HttpClient.retry(again))],
  ["retry, without end", changed(HttpClient.retry(Schedule.forever))],
  ["retryTransient", changed(HttpClient.retryTransient(again))],
  [
    "filterStatusOk, retryTransient",
    changed((client) => client.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient(again))),
  ],
  [
    "filterStatusOk, retry",
    changed((client) => client.pipe(HttpClient.filterStatusOk, HttpClient.retry(again))),
  ],
  [
    "retry, mapRequest and tap around it",
    changed((client) =>
      client.pipe(
        HttpClient.retry(again),
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-request-source", "tests")),
        HttpClient.tap(() => Effect.void),
      ),
    ),
  ],
  [
    "transform with Effect.retry",
    changed(HttpClient.transform((sending) => Effect.retry(sending, again))),
  ],
  [
    "transform with Effect.retry, after filterStatusOk",
    changed((client) =>
      client.pipe(
        HttpClient.filterStatusOk,
        HttpClient.transform((sending) => Effect.retry(sending, again)),
      ),
    ),
  ],
  [
    "transformResponse with Effect.retry",
    changed(HttpClient.transformResponse(Effect.retry(again))),
  ],
  [
    "transform that tries again after any cause",
    changed(HttpClient.transform((sending) => Effect.catchCause(sending, () => sending))),
  ],
  [
    "transform with a race of two",
    changed(HttpClient.transform((sending) => Effect.race(sending, sending))),
  ],
  ["followRedirects", changed(HttpClient.followRedirects())],
  [
    "followRedirects, retry",
    changed((client) => client.pipe(HttpClient.followRedirects(), HttpClient.retry(again))),
  ],
]

/** A client that sends to another address than it is given: the fault server's route is hidden in it. */
export const redirecting: Around = changed((client) =>
  HttpClient.make((request) => client.execute(request)),
)
