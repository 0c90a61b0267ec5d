/**
 * One attempt is one request: a second run of the transport within an attempt is refused before it reaches the wire.
 *
 * The `HttpClient` of an application may repeat or redirect requests on its own (`retry`, `retryTransient`,
 * `followRedirects`). It is counted in three places:
 *
 * - in the effect of the request, which `retry` and `retryTransient` run again. Not in the client's pre-processing:
 *   `withScope` evaluates that once, outside of the client's own retries;
 * - in `FetchHttpClient.Fetch`, which everything over `fetch` calls;
 * - by the events of undici and node:http, on Node.js (`nodeChannels.ts`).
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import { CurrentEvidence, type Evidence } from "./evidence.ts"
import { setHttpSettings } from "./httpSettings.ts"
import { within } from "./nodeChannels.ts"
import { raceUntil } from "./race.ts"

/** A request that runs at most once. */
export interface Guarded {
  /** Runs the request, for a time. The scope aborts it. */
  readonly run: (
    scope: Scope.Scope,
    timeout: Duration.Duration,
  ) => Effect.Effect<Run, HttpClientError.HttpClientError>
  /** The response whose head was seen, if the client did not pass it on. Its body cannot be read. */
  readonly seen: () => HttpClientResponse.HttpClientResponse | undefined
  /** Whether a response is that of the request. */
  readonly isAnswered: (response: HttpClientResponse.HttpClientResponse) => boolean
  /** Whether an error is that of the request, or came before it. */
  readonly isFailed: (error: HttpClientError.HttpClientError) => boolean
}

/** How a run of the request ended, unless it failed: `Refused` if the client began a second one. */
export type Run = HttpClientResponse.HttpClientResponse | Refused | "TimedOut"

/** The HTTP client began a second request. As a defect, it ends retries, which repeat failures only. */
export class Refused extends Error {
  override readonly name = "Refused"
  constructor() {
    super("the HTTP client began a second request within one attempt")
  }
}

/** Guards a request. `fetchOptions` are added to the options of `fetch`. */
export const guard = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  evidence: Evidence,
  fetchOptions: object,
): Guarded => {
  let runs = 0
  let calls = 0
  let isRedirected = false
  /** The request after the client's pre-processing, which may change its URL. */
  let sent: HttpClientRequest.HttpClientRequest | undefined
  let stop: (refused: Refused) => void = constVoid
  const refuse = (): Refused => {
    const refused = new Refused()
    stop(refused)
    return refused
  }

  const counted = HttpClient.makeWith(
    (
      preprocessed: Effect.Effect<
        HttpClientRequest.HttpClientRequest,
        HttpClientError.HttpClientError
      >,
    ) =>
      client.postprocess(
        Effect.flatMap(preprocessed, (final) =>
          Effect.suspend(() => {
            runs += 1
            if (runs > 1) return Effect.die(refuse())
            sent = final
            evidence.isRecording = true
            evidence.onSecond = refuse
            return Effect.succeed(final)
          }),
        ),
      ),
    client.preprocess,
  )

  const wrap =
    (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
    (input, init) => {
      const carriesKey = (key: string) => new Headers(init?.headers).get("x-api-key") === key
      // The application's own calls, for a token or a log, have neither the message nor the credentials.
      if (!evidence.isOwn(init?.body, carriesKey)) return fetch(input, init)
      calls += 1
      if (calls > 1) {
        refuse()
        // A rejection would be a failure, which a client may repeat forever. So it never settles, and the attempt ends.
        return new Promise(() => undefined)
      }
      const called = within(evidence, () => fetch(input, { ...fetchOptions, ...init }))
      return called.then(
        (response) => {
          isRedirected ||= response.redirected
          evidence.head ??= () => response
          return response
        },
        (cause: unknown) => {
          evidence.failure ??= cause
          throw cause
        },
      )
    }

  const contextOf = (
    context: Context.Context<never>,
    scope: Scope.Scope,
  ): Context.Context<Scope.Scope> => {
    // A map at once: the clients of Effect make one of every context, and each `Context.add` is another layer above it.
    const services = new Map<string, unknown>(context.mapUnsafe)
    setHttpSettings(services, context)
    services.set(Scope.Scope.key, scope)
    services.set(CurrentEvidence.key, evidence)
    services.set(FetchHttpClient.Fetch.key, wrap(Context.get(context, FetchHttpClient.Fetch)))
    return Context.makeUnsafe(services)
  }

  return {
    run: (scope, timeout) =>
      Effect.contextWith((context: Context.Context<never>) =>
        raceUntil<Run, HttpClientError.HttpClientError, Scope.Scope>(
          HttpClient.withScope(counted).execute(request),
          contextOf(context, scope),
          {
            timeout,
            onTimeout: Effect.succeed("TimedOut"),
            onStop: (given) => {
              stop = given
            },
          },
        ),
      ).pipe(
        // What the end of this attempt sets free may be another's request. What was seen of this one is seen to its end.
        Effect.onExit(() =>
          Effect.sync(() => {
            evidence.isRecording = false
            evidence.onSecond = undefined
          }),
        ),
        Effect.catchDefect((defect) =>
          defect instanceof Refused ? Effect.succeed(defect) : Effect.die(defect),
        ),
      ),
    seen: () => {
      const head = evidence.head?.()
      return sent === undefined || head === undefined
        ? undefined
        : HttpClientResponse.fromWeb(sent, head)
    },
    isAnswered: (response) => !isRedirected && response.request.url === sent?.url,
    isFailed: (error) => sent === undefined || error.request.url === sent.url,
  }
}
