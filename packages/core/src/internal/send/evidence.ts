/**
 * What was seen of the requests of one attempt: whether a connection for each of them was seen to begin, and nothing was
 * seen to be written.
 *
 * Only what was seen proves anything. An HTTP client that publishes no events proves nothing, and neither does a runtime
 * without them. `nodeChannels.ts` matches the events of Node.js to attempts.
 */
import * as Context from "effect/Context"
import * as Redacted from "effect/Redacted"

/**
 * How far a request was seen to come.
 *
 * - `created`: the HTTP client has it, and no connection for it was seen to begin: it may wait for another's.
 * - `connecting`: a connection for it was seen to begin.
 * - `connected`: the connection was seen to be established.
 * - `written`: its headers were written, or are about to be.
 */
export type Stage = (typeof stages)[number]

const stages = ["created", "connecting", "connected", "written"] as const

/** A request that an HTTP client makes, as seen from outside. */
export interface Seen {
  /** Whether it carries the message or the credentials. Others, such as one that writes a log, are the application's. */
  readonly isOwn: boolean
  /** Whether it only asks a proxy for a tunnel (CONNECT). It carries no message. */
  readonly isTunnel: boolean
}

/** What was seen of one attempt. */
export class Evidence {
  /** The requests of the attempt, by the HTTP client's own objects. */
  readonly #requests = new Map<object, Seen & { stage: Stage }>()
  /** Sockets that were opened during the attempt and belong to no request that is known. */
  #strangers: Set<object> | undefined
  readonly #body: Uint8Array
  // This object is in the context of the application's own HTTP client.
  readonly #apiKey: Redacted.Redacted
  #ownWrites = 0
  #hasEnded = false

  /**
   * Whether events are recorded. What happens before the request of the attempt is about to run, such as the
   * application's own request for a token, is not of the message.
   */
  isRecording = false

  /** Called when a second request of the attempt is about to be made, which is then ended before anything is written. */
  onSecond: (() => void) | undefined

  /** Why the first request that failed did. */
  failure: unknown

  /** Reads the head of the first response to the message, also while the application's own client still holds it. */
  head: (() => Response | undefined) | undefined

  constructor(body: Uint8Array, apiKey: Redacted.Redacted) {
    this.#body = body
    this.#apiKey = apiKey
  }

  /**
   * Whether the message was certainly not sent: at least one request was seen, a connection was seen to begin for each,
   * and none was seen to be used.
   */
  get isUnsent(): boolean {
    const messages = [...this.#requests.values()].filter(({ isTunnel }) => !isTunnel)
    return (
      (this.#strangers === undefined || this.#strangers.size === 0) &&
      messages.length > 0 &&
      messages.every(({ stage }) => stage === "connecting")
    )
  }

  /** How often the message or the credentials were written. One that the client repeats is the same request, twice. */
  get ownWrites(): number {
    return this.#ownWrites
  }

  /** Whether the response to the message was seen to end. Nothing is left of an exchange then that could be aborted. */
  get hasEnded(): boolean {
    return this.#hasEnded && this.#ownWrites === 1
  }

  /** Whether a request has this body or this key, and so is of the message. */
  isOwn(body: unknown, carriesKey: (key: string) => boolean): boolean {
    return body === this.#body || carriesKey(Redacted.value(this.#apiKey))
  }

  /** The requests of the attempt. */
  get requests(): Iterable<object> {
    return this.#requests.keys()
  }

  /** A request was made. */
  begin(request: object, seen: Seen): void {
    this.#requests.set(request, { ...seen, stage: "created" })
  }

  /** A request came to a stage. It never goes back to an earlier one. */
  advance(request: object, to: "connecting" | "connected"): void {
    const found = this.#requests.get(request)
    if (found !== undefined && stages.indexOf(to) > stages.indexOf(found.stage)) found.stage = to
  }

  /** The headers of a request are being written. */
  write(request: object): void {
    const found = this.#requests.get(request)
    if (found === undefined) return
    found.stage = "written"
    if (found.isOwn) this.#ownWrites += 1
  }

  /** The head of the response to a request was read. */
  answer(request: object, head: () => Response | undefined): void {
    if (this.#requests.get(request)?.isOwn === true) this.head ??= head
  }

  /** The response to a request was read to its end. */
  end(request: object): void {
    if (this.#requests.get(request)?.isOwn === true) this.#hasEnded = true
  }

  /** The only request that waits for its connection, if there is one. */
  get onlyCreated(): object | undefined {
    const created = [...this.#requests].filter(([, { stage }]) => stage === "created")
    return created.length === 1 ? created[0]?.[0] : undefined
  }

  /** A socket was opened. It is a stranger until it turns out to be a request's. */
  addSocket(socket: object): void {
    this.#strangers ??= new Set()
    this.#strangers.add(socket)
  }

  /** A socket is that of a request. */
  claimSocket(socket: object): void {
    this.#strangers?.delete(socket)
  }

  /** Whether a request must not be made, since it would be a second one of the message. */
  refuses(isOwn: boolean): boolean {
    if (this.onSecond === undefined || !isOwn) return false
    // The application's own requests, such as one for a token, don't count as a first one.
    if (![...this.#requests.values()].some((earlier) => earlier.isOwn)) return false
    this.onSecond()
    return true
  }
}

/** The evidence of the attempt that a fiber works for. */
export const CurrentEvidence: Context.Reference<Evidence | undefined> = Context.Reference<
  Evidence | undefined
>("@effect-sent/core/CurrentEvidence", { defaultValue: () => undefined })
