/** One message that meets one fault over one HTTP client, and another message after it. */
import type { RetryPolicy, SentError } from "@effect-sent/core"
import { Effect, type Scope } from "effect"
import type { Claim, Fault } from "./Fault.ts"
import {
  type Around,
  clientOf,
  type Lies,
  liesOf,
  type Sending,
  type Sent,
  sendOnOwnClock,
  silently,
} from "./FaultRun.ts"
import { acceptsLike } from "./faults.ts"
import { type FaultServer, faultServer, type Keys } from "./FaultServer.ts"

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
  readonly http: Sending
  readonly fault: Fault
  readonly policy: RetryPolicy.RetryPolicy
  /** The number of requests of the message that meet the fault; the others are accepted. Default: all. */
  readonly times?: number | undefined
  /** Wraps the HTTP client as a user might. Default: no change. */
  readonly around?: Around | undefined
  /** Sends over v3, to a server that does so with idempotency keys. Default: over v1. */
  readonly keys?: Keys | undefined
}

/** Sends one message that meets the fault, and another one after it, over the same client. */
export const meet = Effect.fnUntraced(
  function* ({
    around = (http) => http,
    fault,
    http,
    keys,
    policy,
    times = Infinity,
  }: Options): Effect.fn.Return<Meeting, SentError.SentError, Scope.Scope> {
    const otherwise = acceptsLike(fault)
    const server = yield* faultServer(
      (id, request) => (id === "first" && request <= times ? fault : otherwise),
      keys,
    )
    // More than the sockets' buffers hold, so that it is still being written when the answer comes. A later request that is
    // accepted must be read to its end.
    const padding = fault.at === "head" && times === Infinity ? "x".repeat(8 << 20) : ""
    const [, sent, second] = yield* Effect.all([
      // A GOAWAY that names an earlier stream needs one.
      isOverSession(fault) ? sendOnOwnClock(server, "earlier", policy) : Effect.void,
      sendOnOwnClock(server, "first", policy, padding),
      sendOnOwnClock(server, "second", policy),
    ]).pipe(Effect.provide(clientOf(server, http, around)))
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
  },
  Effect.scoped,
  silently,
)

/** Whether the fault is one of HTTP/2, so that a client of HTTP/1.1 does not meet it. */
export const isOverSession = ({ at }: Fault): boolean => at === "stream" || at === "streamed"

/** The claims that are right: the first one knows all that can be known; the others know less, without saying anything false. */
export const rightClaims = (
  client: string,
  { fault, isOverHttp2 }: Meeting,
): ReadonlyArray<Claim> => {
  // A client that does not speak HTTP/2 gets a 204 instead of the fault.
  if (isOverSession(fault) && !isOverHttp2) return ["accepted"]
  const less = alsoSays.find(
    ([clients, faultName]) => clients.test(client) && faultName.test(fault.name),
  )
  return less === undefined ? [fault.says] : [fault.says, less[2]]
}

const alsoSays: ReadonlyArray<readonly [client: RegExp, fault: RegExp, says: Claim]> = [
  // The reset may come before the client knows that it is connected.
  [/./, /^resets before it reads$/, "not-sent"],
  // Undici takes it for a broken connection: nobody asked to continue.
  [/^FetchHttpClient$|undici/i, /^204 after 100 Continue$/, "unknown"],
  // The fetch standard makes it a network error, since it knows no proxy that asks it.
  [/^FetchHttpClient$/, /^407, /, "unknown"],
  // It repeats the request over another connection, as the fetch standard tells it to. Core sees two.
  [/^FetchHttpClient$/, /^421$/, "unknown"],
  // The connection may be reset while the body is written, before the answer is read.
  [/./, /before the body is read, then closes$/, "unknown"],
  // It may read what is wrong with the stream before it reports the answer.
  [/undici/, /^HTTP\/2: 204, then RST_STREAM/, "unknown"],
]
