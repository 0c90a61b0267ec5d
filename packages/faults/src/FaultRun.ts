/**
 * Sends many messages to a server that fails at random, and counts the false claims about them. The faults depend only on the
 * seed: the same seed plays the same faults to the same messages.
 */
import { type RetryPolicy, SentClient, type SentError } from "@effect-sent/core"
import { Effect, type Layer, Queue, References, Result, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import type { Claim, Fault } from "./Fault.ts"
import { accepts, faults } from "./faults.ts"
import { type FaultServer, faultServer, type Keys } from "./FaultServer.ts"
import { clientLayer, messagesLayer } from "./program.ts"
import { sample } from "./sample.ts"

// -----------------------------------------------------------------------------
// False claims
// -----------------------------------------------------------------------------

/** The false claims. Each number must be 0, except for `acceptedTwice` under a policy that sends at least once. */
export interface Lies {
  /** Messages that were accepted more than once, so that a person received them twice. */
  readonly acceptedTwice: number
  /** Messages that were reported as not sent, but were accepted. */
  readonly notSentButAccepted: number
  /** Messages with a receipt that were not accepted. */
  readonly receiptButNotAccepted: number
}

/** The final claim about a message. An interrupted send makes no claim. */
export type Outcome = Claim | "interrupted"

/** Counts the false claims about messages. */
export const liesOf = (server: FaultServer, claims: ReadonlyMap<string, Outcome>): Lies => {
  const count = (isLie: (outcome: Outcome, accepted: number) => boolean): number =>
    [...claims].filter(([id, outcome]) => isLie(outcome, server.accepted(id))).length
  return {
    acceptedTwice: count((_, accepted) => accepted > 1),
    notSentButAccepted: count((outcome, accepted) => outcome === "not-sent" && accepted > 0),
    receiptButNotAccepted: count((outcome, accepted) => outcome === "accepted" && accepted === 0),
  }
}

/** Leaves the warnings about clients that repeat to the tests of them. */
export const silently = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

// -----------------------------------------------------------------------------
// One send
// -----------------------------------------------------------------------------

/** The time-out of a send, by its own clock. */
export const timeout = "1 second"

/**
 * Sends the message with this id.
 *
 * **Details**
 *
 * Each send has its own clock, which stands still until the server falls silent, and is then advanced by the time-out. No send is
 * slow, and no result depends on the speed of the machine. A client can lose a request by itself, which the server does not know:
 * undici does over HTTP/2. The time-out ends it after seconds.
 */
export const sendOnOwnClock: (
  server: FaultServer,
  id: string,
  policy: RetryPolicy.RetryPolicy,
  padding?: string,
) => Effect.Effect<Sent, never, SentClient.SentClient> = Effect.fnUntraced(
  function* (
    server: FaultServer,
    id: string,
    policy: RetryPolicy.RetryPolicy,
    padding: string = "",
  ) {
    const silences = yield* Queue.unbounded<void>()
    server.onSilence(id, () => Queue.offerUnsafe(silences, undefined))
    yield* Queue.take(silences).pipe(
      Effect.race(TestClock.withLive(Effect.sleep("5 seconds"))),
      Effect.andThen(TestClock.adjust(timeout)),
      Effect.forever,
      Effect.forkScoped,
    )
    return yield* send(server, id, padding, { retryPolicy: policy, timeout })
  },
  Effect.scoped,
  Effect.provide(TestClock.layer({ warningDelay: "1 hour" })),
)

/** The outcome of a send. */
export interface Sent {
  readonly claim: Claim
  /** The number of requests that the client reports. */
  readonly attempts: number
  readonly error: SentError.SentError | undefined
}

const send = (
  { keys }: FaultServer,
  id: string,
  padding: string,
  options: SentClient.SendOptions,
) =>
  SentClient.sendToPhone(
    {
      ...sample,
      messageBody: { id, padding },
      // v3 has none.
      webhookUrl: keys === undefined ? sample.webhookUrl : undefined,
    },
    options,
  ).pipe(
    Effect.result,
    Effect.map(
      Result.match({
        onSuccess: ({ attempts }): Sent => ({ claim: "accepted", attempts, error: undefined }),
        onFailure: (error): Sent => ({ claim: error.delivery, attempts: error.attempts, error }),
      }),
    ),
  )

// -----------------------------------------------------------------------------
// The run
// -----------------------------------------------------------------------------

/** The client of the API that a server speaks. */
export const layerFor = ({ keys }: FaultServer): typeof clientLayer =>
  keys === undefined ? clientLayer : messagesLayer

/** The HTTP client that core sends with, or another client of the API that sends to a fault server. */
export type Sending =
  | Layer.Layer<HttpClient.HttpClient>
  | ((server: FaultServer) => Layer.Layer<SentClient.SentClient, SentError.SentError>)

/** The client that sends to a server. */
export const clientOf = (
  server: FaultServer,
  sending: Sending,
  around: Around,
): Layer.Layer<SentClient.SentClient, SentError.SentError> =>
  typeof sending === "function"
    ? sending(server)
    : layerFor(server)(around(server.route(sending)), { baseUrl: server.baseUrl })

export interface Options {
  readonly http: Sending
  readonly policy: RetryPolicy.RetryPolicy
  readonly sends: number
  readonly seed: number
  /** The maximum number of concurrent sends. Default: 64. */
  readonly concurrency?: number | undefined
  /** The faults to draw from. Default: all. */
  readonly faults?: ReadonlyArray<Fault> | undefined
  /** Called after each send, with the number of sends that have ended. */
  readonly onProgress?: ((ended: number) => void) | undefined
  /** Wraps the HTTP client as a user might. Default: no change. */
  readonly around?: Around | undefined
  /** Sends over v3, to a server that does so with idempotency keys. Default: over v1. */
  readonly keys?: Keys | undefined
}

/** A transformation of the HTTP client. */
export type Around = (
  http: Layer.Layer<HttpClient.HttpClient>,
) => Layer.Layer<HttpClient.HttpClient>

export interface Report {
  readonly lies: Lies
  /** The number of messages by their final claim. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** The sends of which it is not known whether they were accepted. */
  readonly unknown: ReadonlyArray<Sent>
  /** The number of messages that were sent with more than one idempotency key. */
  readonly keysChanged: number
  /** The number of messages that were accepted at least once. */
  readonly accepted: number
  /** The number of requests, including those whose connection was refused. */
  readonly requests: number
  /** The number of requests that no receipt and no error reports: those that the HTTP client repeated on its own. */
  readonly untold: number
  /** The requests to the other origin, to which redirects lead. */
  readonly elsewhere: FaultServer["elsewhere"]
  /** The number of times that each fault was played. */
  readonly played: ReadonlyMap<string, number>
}

/** Sends many messages over one client while the server plays random faults, and counts the false claims. */
export const faultRun = Effect.fnUntraced(
  function* ({
    around = (http) => http,
    concurrency = 64,
    faults: drawn = faults,
    http,
    keys,
    onProgress = () => undefined,
    policy,
    seed,
    sends,
  }: Options): Effect.fn.Return<Report, SentError.SentError, Scope.Scope> {
    const played = new Map<string, number>()
    const drawable = drawn.filter(canBeDrawn)
    const server = yield* faultServer((id, request) => drawFault(drawable, seed, id, request), keys)
    const unknown: Array<Sent> = []
    const claims = new Map<string, Outcome>()
    let ended = 0
    let untold = 0

    const sendOne = Effect.fnUntraced(function* (id: string) {
      const padding = draw(seed, id, "padding") < 1 / 32 ? "x".repeat(100_000) : ""
      const sent = yield* drawSend(server, seed, id, policy, padding)
      claims.set(id, sent === undefined ? "interrupted" : sent.claim)
      if (sent?.claim === "unknown") unknown.push(sent)
      if (sent !== undefined) untold += Math.max(0, server.requests(id) - sent.attempts)
      ended += 1
      onProgress(ended)
    })

    yield* Effect.forEach(
      Array.from({ length: sends }, (_, index) => `message-${index}`),
      sendOne,
      { concurrency, discard: true },
    ).pipe(Effect.provide(clientOf(server, http, around)))
    // A request that the client gave up may still be in a buffer.
    yield* server.settle

    const ids = [...claims.keys()]
    for (const id of ids) {
      for (let request = 1; request <= server.requests(id); request += 1) {
        const { name } = drawFault(drawable, seed, id, request)
        played.set(name, (played.get(name) ?? 0) + 1)
      }
    }
    const outcomes = { accepted: 0, "not-sent": 0, unknown: 0, interrupted: 0 }
    for (const outcome of claims.values()) outcomes[outcome] += 1
    return {
      lies: liesOf(server, claims),
      outcomes,
      unknown,
      keysChanged: ids.filter((id) => server.keysOf(id).size > 1).length,
      accepted: ids.filter((id) => server.accepted(id) > 0).length,
      requests: ids.reduce((sum, id) => sum + server.requests(id), 0),
      untold,
      elsewhere: server.elsewhere,
      played,
    }
  },
  Effect.scoped,
  silently,
)

/** Draws how a message is sent. Most sends use their own clock. Some have a short time-out on the real clock or are interrupted. */
const drawSend = (
  server: FaultServer,
  seed: number,
  id: string,
  policy: RetryPolicy.RetryPolicy,
  padding: string,
): Effect.Effect<Sent | undefined, never, SentClient.SentClient> => {
  const patience = 1 + Math.floor(draw(seed, id, "patience") * 8)
  switch (Math.floor(draw(seed, id, "hurry") * 48)) {
    case 0:
      return send(server, id, padding, { retryPolicy: policy, timeout: patience })
    case 1:
      return send(server, id, padding, { retryPolicy: policy, deadline: patience })
    case 2:
      return Effect.map(
        Effect.timeoutOption(send(server, id, padding, { retryPolicy: policy }), patience),
        (sent) => (sent._tag === "Some" ? sent.value : undefined),
      )
    default:
      return sendOnOwnClock(server, id, policy, padding)
  }
}

// -----------------------------------------------------------------------------
// Randomness
// -----------------------------------------------------------------------------

/** Whether a fault is met in a run. */
export const canBeDrawn = ({ name }: Fault): boolean =>
  // After three refused credentials in a row, the client stops sending, and the run would prove nothing.
  !name.startsWith("401") &&
  // A second answer can be read as that of the next message on its connection. Nothing in HTTP/1.1 tells the two apart.
  !name.endsWith("in another packet") &&
  // A client that retries on its own would wait for a day, and no clock advances meanwhile.
  !name.includes("86400")

/** Draws the fault for a request of a message. Requests are counted from 1. */
export const drawFault = (
  from: ReadonlyArray<Fault>,
  seed: number,
  id: string,
  request: number,
): Fault =>
  draw(seed, id, `often ${request}`) < 1 / 4
    ? accepts
    : (from[Math.floor(draw(seed, id, `fault ${request}`) * from.length)] ?? accepts)

/**
 * A number from 0 to below 1 that depends only on its arguments, not on the order of the calls: FNV-1a with the final mix of
 * MurmurHash3.
 */
const draw = (seed: number, id: string, what: string): number => {
  let hash = 0x811c9dc5 ^ seed
  for (const character of `${id} ${what}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
