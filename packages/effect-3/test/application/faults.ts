/**
 * Sends through this package to the server that fails, and counts the false claims: one message for each fault, and many at random.
 * Prints the result as JSON. `node faults.ts <client> <sends> <seed>`.
 *
 * It runs in an application on Effect 3 that has this package as it is published. The server, and what meets it, are on Effect 4.
 */
import { RetryPolicy as CorePolicy, SentClient as CoreClient } from "@effect-sent/core"
import { RetryPolicy, SentClient, SentCredentials } from "@effect-sent/effect-3"
import { attemptHeader, idOf } from "@effect-sent/faults/doors/requests"
import { faults } from "@effect-sent/faults/faults"
import { faultRun, type Lies, type Sending } from "@effect-sent/faults/FaultRun"
import type { FaultServer } from "@effect-sent/faults/FaultServer"
import { isOverSession, meet, rightClaims } from "@effect-sent/faults/Meeting"
import { credentials } from "@effect-sent/faults/sample"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schedule from "effect/Schedule"
import * as Clock4 from "effect-4/Clock"
import * as Duration4 from "effect-4/Duration"
import * as Effect4 from "effect-4/Effect"
import * as Layer4 from "effect-4/Layer"
import * as Schedule4 from "effect-4/Schedule"

type Http = Layer.Layer<HttpClient.HttpClient>

// -----------------------------------------------------------------------------
// Clients
// -----------------------------------------------------------------------------

/** The HTTP clients of the application, which alone has `@effect/platform-node`. */
const httpClient = async (name: string): Promise<Http> => {
  if (name === "FetchHttpClient") return FetchHttpClient.layer
  const specifier = "@effect/platform-node/NodeHttpClient"
  const clients: Readonly<Record<string, unknown>> = await import(specifier)
  const layer = clients[name.replace(/^NodeHttpClient\./, "")]
  if (layer === undefined) throw new Error(`no such client: ${name}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of that module
  return layer as Http
}

/** Sends each request to the address that plays its fault. */
const routed = (server: FaultServer, http: Http): Http =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      client.pipe(
        HttpClient.mapRequestEffect((request) =>
          Effect.map(
            Effect.promise(() => Effect4.runPromise(server.door(idOfRequest(request)))),
            (origin) =>
              HttpClientRequest.setUrl(request, `${origin}${new URL(request.url).pathname}`),
          ),
        ),
        HttpClient.tap(({ request }) =>
          Effect.sync(() =>
            server.onHead(idOfRequest(request), Number(request.headers[attemptHeader])),
          ),
        ),
      ),
    ),
  ).pipe(Layer.provide(http))

const idOfRequest = ({ body }: HttpClientRequest.HttpClientRequest): string => {
  if (body._tag !== "Uint8Array") throw new Error(`a body of another kind: ${body._tag}`)
  return idOf(new TextDecoder().decode(body.body.subarray(0, 2000)))
}

// -----------------------------------------------------------------------------
// This package, as the server's runs meet a client
// -----------------------------------------------------------------------------

const sending =
  (http: Http, around: (http: Http) => Http = (one) => one): Sending =>
  (server) =>
    Layer4.effect(
      CoreClient.SentClient,
      Effect4.gen(function* () {
        const runtime = ManagedRuntime.make(
          SentClient.layer({ baseUrl: server.baseUrl, retryPolicy: RetryPolicy.none }).pipe(
            Layer.provide(SentCredentials.layer(credentials)),
            Layer.provide(around(routed(server, http))),
          ),
        )
        yield* Effect4.addFinalizer(() => Effect4.promise(() => runtime.dispose()))
        yield* Effect4.promise(() => runtime.runPromise(Effect.void))
        return CoreClient.SentClient.of({
          sendToPhone: (input, options = {}) =>
            Effect4.withFiber((caller) => {
              const clock = caller.getRef(Clock4.Clock)
              const send = SentClient.sendToPhone(input, optionsOf(options)).pipe(
                Effect.withClock(clockOf(clock)),
                Logger.withMinimumLogLevel(LogLevel.None),
              )
              return Effect4.callback((resume) => {
                const fiber = runtime.runFork(send)
                fiber.addObserver((exit) => resume(outcomeOf(exit)))
                return Effect4.callback<void>((ended) => {
                  fiber.unsafeInterruptAsFork(FiberId.none)
                  fiber.addObserver(() => ended(Effect4.void))
                })
              })
            }),
        })
      }),
    )

const optionsOf = ({
  deadline,
  retryPolicy,
  timeout,
}: CoreClient.SendOptions): SentClient.SendOptions => ({
  ...(timeout === undefined ? {} : { timeout: Duration.millis(millisOf(timeout)) }),
  ...(deadline === undefined ? {} : { deadline: Duration.millis(millisOf(deadline)) }),
  ...(retryPolicy === undefined ? {} : { retryPolicy: policyOf(retryPolicy) }),
})

const millisOf = (given: Duration4.Input): number =>
  Duration4.toMillis(Duration4.fromInputUnsafe(given))

const policyOf = ({ atLeastOnce, budget, times }: CorePolicy.RetryPolicy) =>
  RetryPolicy.make({ schedule: Schedule.forever, times, atLeastOnce, budget: budget ?? false })

const clockOf = (clock: Clock4.Clock): Clock.Clock => ({
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => clock.currentTimeMillisUnsafe(),
  currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe()),
  unsafeCurrentTimeNanos: () => clock.currentTimeNanosUnsafe(),
  currentTimeNanos: Effect.sync(() => clock.currentTimeNanosUnsafe()),
  sleep: (duration) =>
    Effect.async<void>((resume) => {
      const fiber = Effect4.runFork(clock.sleep(Duration4.millis(Duration.toMillis(duration))))
      fiber.addObserver(() => resume(Effect.void))
      return Effect.sync(() => fiber.interruptUnsafe())
    }),
})

/** The receipt or the error, of which the runs read what both packages have in common. */
const outcomeOf = (
  exit: Exit.Exit<unknown, unknown>,
): ReturnType<CoreClient.SentClient["Service"]["sendToPhone"]> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (Exit.isSuccess(exit)
    ? Effect4.succeed(exit.value)
    : Cause.isInterruptedOnly(exit.cause)
      ? Effect4.interrupt
      : Effect4.fail(Cause.squash(exit.cause))) as ReturnType<typeof outcomeOf>

// -----------------------------------------------------------------------------
// Runs
// -----------------------------------------------------------------------------

const again = { times: 3 }

const changed =
  (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient) =>
  (http: Http): Http =>
    Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, change)).pipe(
      Layer.provide(http),
    )

/** What applications put around their HTTP client, and what repeats a request or takes it elsewhere. */
const arounds: Readonly<Record<string, (http: Http) => Http>> = {
  retry: changed(HttpClient.retry(again)),
  "retry, without end": changed(HttpClient.retry(Schedule.forever)),
  "filterStatusOk, retryTransient": changed((client) =>
    client.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient(again)),
  ),
  "transform with Effect.retry": changed((client) =>
    client.pipe(HttpClient.transform((run) => Effect.retry(run, again))),
  ),
  "transform that tries again after any cause": changed((client) =>
    client.pipe(HttpClient.transform((run) => Effect.catchAllCause(run, () => run))),
  ),
  "transform with a race of two": changed((client) =>
    client.pipe(HttpClient.transform((run) => Effect.race(run, run))),
  ),
  followRedirects: changed(HttpClient.followRedirects()),
}

const hasLies = (lies: Lies, elsewhere: FaultServer["elsewhere"]): boolean =>
  [...Object.values(lies), elsewhere.credentials].some((count) => count > 0)

const [name = "FetchHttpClient", sends = "1000", seed = "1"] = process.argv.slice(2)
const http = await httpClient(name)

const wrong: Array<string> = []
for (const fault of faults) {
  // HTTP/2 is not spoken by these clients.
  if (isOverSession(fault)) continue
  // One at a time: each has a server of its own.
  // oxlint-disable-next-line no-await-in-loop
  const met = await Effect4.runPromise(
    Effect4.scoped(meet({ http: sending(http), fault, policy: CorePolicy.none })),
  )
  if (hasLies(met.lies, met.elsewhere) || !rightClaims(name, met).includes(met.sent.claim)) {
    wrong.push(`${fault.name}: ${met.sent.claim}, ${met.accepted} of ${met.requests} accepted`)
  }
}

const repeated: Array<string> = []
for (const [around, change] of Object.entries(arounds)) {
  for (const fault of faults.filter(({ at }) => at === "request" || at === "connect")) {
    // oxlint-disable-next-line no-await-in-loop
    const met = await Effect4.runPromise(
      Effect4.scoped(meet({ http: sending(http, change), fault, policy: CorePolicy.none })),
    )
    // `fetch` repeats a request that is answered 421, as its standard tells it to.
    const most = fault.name === "421" ? 2 : 1
    if (hasLies(met.lies, met.elsewhere) || met.requests > most) {
      repeated.push(
        `${around}, ${fault.name}: ${met.sent.claim}, ${met.accepted} of ${met.requests}`,
      )
    }
  }
}

const policies = {
  "the default": CorePolicy.make({ schedule: Schedule4.forever }),
  "ten retries, no budget": CorePolicy.make({
    schedule: Schedule4.forever,
    times: 10,
    budget: false,
  }),
}
const runs: Array<unknown> = []
for (const [policyName, policy] of Object.entries(policies)) {
  // oxlint-disable-next-line no-await-in-loop
  const { accepted, elsewhere, lies, outcomes, requests, untold } = await Effect4.runPromise(
    Effect4.scoped(
      faultRun({ http: sending(http), policy, sends: Number(sends), seed: Number(seed) }),
    ),
  )
  runs.push({ policyName, lies, outcomes, accepted, requests, untold, elsewhere })
}
console.log(JSON.stringify({ name, faults: faults.length, wrong, repeated, runs }))
