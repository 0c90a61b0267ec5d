/** One message that meets one fault over one HTTP client, and another message after it. */
import type { RetryPolicy, SentError } from "@effect-sent/core"
import { Effect, type Layer, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import type { Claim, Fault } from "./Fault.ts"
import { type Around, type Lies, liesOf, type Sent, sendOnOwnClock } from "./FaultRun.ts"
import { acceptsLike } from "./faults.ts"
import { type FaultServer, faultServer } from "./FaultServer.ts"
import { clientLayer } from "./program.ts"

export interface Meeting {
  readonly fault: Fault
  /** What was claimed about the message that met the fault. */
  readonly sent: Sent
  /** How often the server saw that message, and how often it accepted it. */
  readonly requests: number
  readonly accepted: number
  readonly isOverHttp2: boolean
  readonly elsewhere: FaultServer["elsewhere"]
  /** The false claims about both messages. */
  readonly lies: Lies
}

export interface Options {
  readonly http: Layer.Layer<HttpClient.HttpClient>
  readonly fault: Fault
  readonly policy: RetryPolicy.RetryPolicy
  /** The number of requests of the message that meet the fault; the others are accepted. Default: all. */
  readonly times?: number | undefined
  /** Wraps the HTTP client as a user might. Default: no change. */
  readonly around?: Around | undefined
}

/** Sends one message that meets the fault, and another one after it, over the same client. */
export const meet = Effect.fnUntraced(function* ({
  around = (http) => http,
  fault,
  http,
  policy,
  times = Infinity,
}: Options): Effect.fn.Return<Meeting, SentError.SentError, Scope.Scope> {
  const otherwise = acceptsLike(fault)
  const server = yield* faultServer((id, request) =>
    id === "first" && request <= times ? fault : otherwise,
  )
  // More than the sockets' buffers hold, so that it is still being written when the answer comes.
  const padding = fault.at === "head" ? "x".repeat(8 << 20) : ""
  const [, sent, second] = yield* Effect.all([
    // A GOAWAY that names an earlier stream needs one.
    isOverSession(fault) ? sendOnOwnClock(server, "earlier", policy) : Effect.void,
    sendOnOwnClock(server, "first", policy, padding),
    sendOnOwnClock(server, "second", policy),
  ]).pipe(Effect.provide(clientLayer(around(server.route(http)), { baseUrl: server.baseUrl })))
  yield* server.settle
  return {
    fault,
    sent,
    requests: server.requests("first"),
    accepted: server.accepted("first"),
    isOverHttp2: server.isOverHttp2("first"),
    elsewhere: server.elsewhere,
    lies: liesOf(
      server,
      new Map([
        ["first", sent.claim],
        ["second", second.claim],
      ]),
    ),
  }
}, Effect.orDie, Effect.scoped)

const isOverSession = ({ at }: Fault): boolean => at === "stream" || at === "streamed"

/** The claim that is correct of what was met: a client that does not speak HTTP/2 meets none of its faults. */
export const rightClaim = ({ fault, isOverHttp2 }: Meeting): Claim =>
  isOverSession(fault) && !isOverHttp2 ? "accepted" : fault.says
