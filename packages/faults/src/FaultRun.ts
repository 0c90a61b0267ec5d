/**
 * Many sends at once to a server that fails at random, and the lies that were told about them. The faults follow from
 * the seed alone: the same seed plays the same faults to the same messages.
 */
import { type RetryPolicy, SentClient, type SentError } from "@effect-sent/core"
import { Effect, type Layer, Queue, Result } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import {
  accepts,
  type Claim,
  type Fault,
  faults,
  type FaultServer,
  faultServer,
} from "./FaultServer.ts"
import { clientLayer } from "./program.ts"
import { sample } from "./sample.ts"

// -----------------------------------------------------------------------------
// Claims against the truth
// -----------------------------------------------------------------------------

/** What must never be: each of the three is 0, but for the first under a policy that sends at least once. */
export interface Lies {
  /** Messages that were accepted more than once: a person got them twice. */
  readonly acceptedTwice: number
  /** Messages that were called not sent, and were accepted. */
  readonly notSentButAccepted: number
  /** Messages that a receipt was given for, and that were not accepted. */
  readonly receiptButNotAccepted: number
}

/** What was said of a message in the end; an interrupted send says nothing. */
export type Outcome = Claim | "interrupted"

/** Counts the lies about messages. */
export const liesOf = (server: FaultServer, said: ReadonlyMap<string, Outcome>): Lies => {
  const count = (isLie: (outcome: Outcome, accepted: number) => boolean): number =>
    [...said].filter(([id, outcome]) => isLie(outcome, server.accepted(id))).length
  return {
    acceptedTwice: count((_, accepted) => accepted > 1),
    notSentButAccepted: count((outcome, accepted) => outcome === "not-sent" && accepted > 0),
    receiptButNotAccepted: count((outcome, accepted) => outcome === "accepted" && accepted === 0),
  }
}

// -----------------------------------------------------------------------------
// One send
// -----------------------------------------------------------------------------

/** How long a send waits for an answer, on its own clock. */
export const timeout = "1 second"

/**
 * Sends the message with this id, on a clock of its own that stands still until the server falls silent, and then
 * moves on to the time-out. So no send is slow, and none depends on how fast the machine is.
 */
export const sendOnOwnClock = (
  server: FaultServer,
  id: string,
  policy: RetryPolicy.RetryPolicy,
  padding = "",
): Effect.Effect<Sent, never, SentClient.SentClient> =>
  Effect.gen(function* () {
    const silences = yield* Queue.unbounded<void>()
    server.onSilence(id, () => Queue.offerUnsafe(silences, undefined))
    yield* Queue.take(silences).pipe(
      Effect.andThen(TestClock.adjust(timeout)),
      Effect.forever,
      Effect.forkScoped,
    )
    return yield* send(id, padding, { retryPolicy: policy, timeout })
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer({ warningDelay: "1 hour" })))

/** How a send ended. */
export interface Sent {
  readonly claim: Claim
  /** How many requests it says it took. */
  readonly attempts: number
  readonly error: SentError.SentError | undefined
}

const send = (id: string, padding: string, options: SentClient.SendOptions) =>
  SentClient.sendToPhone({ ...sample, messageBody: { id, padding } }, options).pipe(
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

export interface Options {
  readonly http: Layer.Layer<HttpClient.HttpClient>
  readonly policy: RetryPolicy.RetryPolicy
  readonly sends: number
  readonly seed: number
  /** How many sends are under way at a time. Default: 64. */
  readonly concurrency?: number | undefined
  /** Called after each send with the number of those that have ended. */
  readonly onProgress?: ((ended: number) => void) | undefined
  /** What a user puts around the HTTP client. Default: nothing. */
  readonly around?: Around | undefined
}

/** A change of the HTTP client. */
export type Around = (
  http: Layer.Layer<HttpClient.HttpClient>,
) => Layer.Layer<HttpClient.HttpClient>

export interface Report {
  readonly lies: Lies
  /** What was said, and how often. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Messages that were accepted at least once. */
  readonly accepted: number
  /** Requests that came, or would have come had there been a connection. */
  readonly requests: number
  /** Requests that no receipt and no error told of: those the HTTP client repeated on its own. */
  readonly untold: number
  /** What came to the other origin that redirects lead to. */
  readonly elsewhere: FaultServer["elsewhere"]
  /** How often each fault was played. */
  readonly played: ReadonlyMap<string, number>
}

/** Sends many messages over one client while faults are played at random, and counts the lies. */
export const faultRun = Effect.fnUntraced(function* ({
  around = (http) => http,
  concurrency = 64,
  http,
  onProgress = () => undefined,
  policy,
  seed,
  sends,
}: Options): Effect.fn.Return<Report, SentError.SentError> {
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const played = new Map<string, number>()
      const server = yield* faultServer((id, request) => drawFault(seed, id, request))
      const said = new Map<string, Outcome>()
      let ended = 0
      let untold = 0

      const sendOne = Effect.fnUntraced(function* (id: string) {
        const padding = draw(seed, id, "padding") < 1 / 32 ? "x".repeat(100_000) : ""
        const sent = yield* drawSend(server, seed, id, policy, padding)
        said.set(id, sent === undefined ? "interrupted" : sent.claim)
        if (sent !== undefined) untold += Math.max(0, server.requests(id) - sent.attempts)
        ended += 1
        onProgress(ended)
      })

      yield* Effect.forEach(
        Array.from({ length: sends }, (_, index) => `message-${index}`),
        sendOne,
        { concurrency, discard: true },
      ).pipe(Effect.provide(clientLayer(around(server.route(http)), { baseUrl: server.baseUrl })))
      // A request that was given up may still lie in a buffer.
      yield* server.settle

      const ids = [...said.keys()]
      for (const id of ids) {
        for (let request = 1; request <= server.requests(id); request += 1) {
          const { name } = drawFault(seed, id, request)
          played.set(name, (played.get(name) ?? 0) + 1)
        }
      }
      const outcomes = { accepted: 0, "not-sent": 0, unknown: 0, interrupted: 0 }
      for (const outcome of said.values()) outcomes[outcome] += 1
      return {
        lies: liesOf(server, said),
        outcomes,
        accepted: ids.filter((id) => server.accepted(id) > 0).length,
        requests: ids.reduce((sum, id) => sum + server.requests(id), 0),
        untold,
        elsewhere: server.elsewhere,
        played,
      }
    }),
  )
})

/** Most sends wait as long as it takes; some are in a hurry, on a real clock, and some of those are interrupted. */
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
      return send(id, padding, { retryPolicy: policy, timeout: patience })
    case 1:
      return send(id, padding, { retryPolicy: policy, deadline: patience })
    case 2:
      return Effect.map(
        Effect.timeoutOption(send(id, padding, { retryPolicy: policy }), patience),
        (sent) => (sent._tag === "Some" ? sent.value : undefined),
      )
    default:
      return sendOnOwnClock(server, id, policy, padding)
  }
}

// -----------------------------------------------------------------------------
// Chance
// -----------------------------------------------------------------------------

const drawn = faults.filter(
  ({ name }) =>
    // Three refusals of credentials in a row and the client sends nothing any more: that would prove nothing.
    !name.startsWith("401") &&
    // A client that repeats on its own would wait for a day, and no clock moves meanwhile.
    !name.includes("86400"),
)

/** The fault that is played to this request of a message, from 1. */
export const drawFault = (seed: number, id: string, request: number): Fault =>
  draw(seed, id, `often ${request}`) < 1 / 4
    ? accepts
    : (drawn[Math.floor(draw(seed, id, `fault ${request}`) * drawn.length)] ?? accepts)

/**
 * A number from 0 to below 1 that follows from its arguments alone, whatever the order in which they are asked for:
 * FNV-1a with the final mix of MurmurHash3.
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
