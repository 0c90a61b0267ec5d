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
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import { CurrentEvidence, type Evidence } from "./evidence.ts"
import { remembered, withHttpSettings } from "./httpSettings.ts"
import { within } from "./nodeChannels.ts"
import { type Limit, raceUntil } from "./race.ts"

/** What a run of a request comes to, for each of its ends. */
export interface Outcomes<A> extends Limit<A> {
  /** What is made of a response, in the fiber of the request. It may set another limit. */
  readonly onResponse: (
    response: HttpClientResponse.HttpClientResponse,
    setLimit: (limit: Limit<A>) => void,
  ) => Effect.Effect<A>
  readonly onFailure: (
    error: HttpClientError.HttpClientError,
    setLimit: (limit: Limit<A>) => void,
  ) => Effect.Effect<A>
  /** The client began a second request. */
  readonly onRefused: A
}

/** The HTTP client began a second request. As a defect, it ends retries, which repeat failures only. */
class Refused extends Error {
  override readonly name = "Refused"
  constructor() {
    super("the HTTP client began a second request within one attempt")
  }
}

/** An `HttpClient` that runs the requests of {@link Guarded} only. */
export interface GuardedClient {
  readonly execute: (
    request: HttpClientRequest.HttpClientRequest,
  ) => Effect.Effect<
    HttpClientResponse.HttpClientResponse,
    HttpClientError.HttpClientError,
    Guarded | Scope.Scope
  >
  /** Added to the options of `fetch`. */
  readonly fetchOptions: object
  /** A context with the settings of this library's requests. */
  readonly withSettings: (context: Context.Context<never>) => Context.Context<never>
}

/** Guards a client: once for all of its requests. */
export const guardClient = (client: HttpClient.HttpClient, fetchOptions: object): GuardedClient => {
  const counted = HttpClient.makeWith(
    (
      preprocessed: Effect.Effect<
        HttpClientRequest.HttpClientRequest,
        HttpClientError.HttpClientError
      >,
    ) =>
      // Outside of the client, which may leave the request to a fiber without these services.
      CurrentGuarded.use((guarded) =>
        client.postprocess(Effect.flatMap(preprocessed, (final) => guarded.admit(final))),
      ),
    client.preprocess,
  )
  return {
    execute: HttpClient.withScope(counted).execute,
    fetchOptions,
    // A program sends from few contexts, and Effect prepares each new one for fibers.
    withSettings: remembered(withHttpSettings),
  }
}

/** A request that runs at most once. */
export class Guarded {
  readonly #client: GuardedClient
  readonly #evidence: Evidence
  readonly #request: HttpClientRequest.HttpClientRequest
  #runs = 0
  #calls = 0
  #isRedirected = false
  /** The request after the client's pre-processing, which may change its URL. */
  #sent: HttpClientRequest.HttpClientRequest | undefined
  #stop: () => void = constVoid

  constructor(
    client: GuardedClient,
    request: HttpClientRequest.HttpClientRequest,
    evidence: Evidence,
  ) {
    this.#client = client
    this.#request = request
    this.#evidence = evidence
  }

  /** Runs the request, for a time. The scope aborts it. */
  run<A>(
    scope: Scope.Scope,
    { onFailure, onRefused, onResponse, onTimeout, timeout }: Outcomes<A>,
  ): Effect.Effect<A> {
    const running = raceUntil<A, never, Guarded | Scope.Scope>(
      (setLimit) =>
        Effect.matchEffect(this.#client.execute(this.#request), {
          onFailure: (error) => {
            this.#endRecording()
            return onFailure(error, setLimit)
          },
          onSuccess: (response) => {
            this.#endRecording()
            return onResponse(response, setLimit)
          },
        }),
      (context) => this.#contextOf(context, scope),
      {
        timeout,
        onTimeout,
        onStop: (stop) => {
          this.#stop = () => stop(onRefused)
        },
      },
    )
    const recorded = Effect.onExitPrimitive(running, () => {
      this.#endRecording()
      return undefined
    })
    return Effect.catchDefect(recorded, (defect) =>
      defect instanceof Refused ? Effect.succeed(onRefused) : Effect.die(defect),
    )
  }

  /** The request is about to run: once only. */
  admit(
    final: HttpClientRequest.HttpClientRequest,
  ): Effect.Effect<HttpClientRequest.HttpClientRequest> {
    this.#runs += 1
    if (this.#runs > 1) return Effect.die(this.#refuse())
    this.#sent = final
    this.#evidence.isRecording = true
    this.#evidence.onSecond = () => void this.#refuse()
    return Effect.succeed(final)
  }

  /** The response whose head was seen, if the client did not pass it on. Its body cannot be read. */
  get seen(): HttpClientResponse.HttpClientResponse | undefined {
    const head = this.#evidence.head?.()
    return this.#sent === undefined || head === undefined
      ? undefined
      : HttpClientResponse.fromWeb(this.#sent, head)
  }

  /** Whether a response is that of the request. */
  isAnswered(response: HttpClientResponse.HttpClientResponse): boolean {
    return !this.#isRedirected && response.request.url === this.#sent?.url
  }

  /** Whether an error is that of the request, or came before it. */
  isFailed(error: HttpClientError.HttpClientError): boolean {
    return this.#sent === undefined || error.request.url === this.#sent.url
  }

  /** What the end of this request sets free may be another's, and a second one does not change what the response says. */
  #endRecording(): void {
    this.#evidence.isRecording = false
    this.#evidence.onSecond = undefined
    this.#stop = constVoid
  }

  #refuse(): Refused {
    this.#stop()
    return new Refused()
  }

  #contextOf(
    context: Context.Context<never>,
    scope: Scope.Scope,
  ): Context.Context<Guarded | Scope.Scope> {
    return this.#client
      .withSettings(context)
      .pipe(
        Context.add(Scope.Scope, scope),
        Context.add(CurrentEvidence, this.#evidence),
        Context.add(CurrentGuarded, this),
        Context.add(
          FetchHttpClient.Fetch,
          this.#counting(Context.get(context, FetchHttpClient.Fetch)),
        ),
      )
  }

  /** A `fetch` that is called once only. */
  #counting(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    const evidence = this.#evidence
    return (input, init) => {
      const carriesKey = (key: string) => new Headers(init?.headers).get("x-api-key") === key
      // The application's own calls, for a token or a log, have neither the message nor the credentials.
      if (!evidence.isOwn(init?.body, carriesKey)) return fetch(input, init)
      this.#calls += 1
      if (this.#calls > 1) {
        this.#refuse()
        // A rejection would be a failure, which a client may repeat forever. So it never settles, and the attempt ends.
        return new Promise(() => undefined)
      }
      const options = { ...this.#client.fetchOptions, ...init }
      return within(evidence, () => fetch(input, options)).then(
        (response) => {
          this.#isRedirected ||= response.redirected
          evidence.head ??= () => response
          return response
        },
        (cause: unknown) => {
          evidence.failure ??= cause
          throw cause
        },
      )
    }
  }
}

/** The request that a fiber runs. */
const CurrentGuarded = /* @__PURE__ */ Context.Service<Guarded>("@effect-sent/core/CurrentGuarded")
