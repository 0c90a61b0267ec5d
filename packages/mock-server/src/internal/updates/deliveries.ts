/** Delivers the updates of accepted messages to their receivers: in order, signed, and with retries. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Predicate from "effect/Predicate"
import * as Semaphore from "effect/Semaphore"
import type { MessageRecord, Messages, UpdateRecord } from "../play/messages.ts"
import { isAllowedHost } from "./receivers.ts"
import type { Sign } from "./sign.ts"
import type { Timeline } from "../play/timeline.ts"
import { bodyOf, type CheckUpdate, type Pace } from "./updates.ts"

export interface Deliveries {
  /** Starts the delivery of a message's updates. */
  readonly begin: (record: MessageRecord, check: CheckUpdate) => void
  /** Returns why updates cannot be sent to a message's receiver. Undefined when they can. */
  readonly refusal: (record: MessageRecord) => string | undefined
  /** Sends one update again, now. */
  readonly resend: (record: MessageRecord, update: UpdateRecord) => Effect.Effect<void>
  /** Cancels the pending updates of a message. */
  readonly forget: (messageId: string) => Effect.Effect<void>
}

export interface Settings {
  readonly pace: Pace
  readonly allowedHosts: ReadonlySet<string>
  /** How long a receiver has to answer, in milliseconds of the machine's clock. */
  readonly webhookTimeout: number
  readonly sign: Sign
}

/** From the contract's description of the callback: three attempts, the second after 60 seconds, the third after 120 more. */
const maxAttempts = 3
const firstRetrySeconds = 60

/** The maximum number of concurrent attempts. */
const maxConcurrentAttempts = 64

export const makeDeliveries = Effect.fnUntraced(function* (
  messages: Messages,
  timeline: Timeline,
  settings: Settings,
) {
  const fibers = yield* FiberMap.make<string>()
  const run = yield* FiberMap.runtime(fibers)()
  const semaphore = Semaphore.makeUnsafe(maxConcurrentAttempts)

  const attempt = Effect.fnUntraced(function* (record: MessageRecord, update: UpdateRecord) {
    const url = record.webhookUrl ?? ""
    const at = timeline.now(record.senderId)
    const startedAt = performance.now()
    const outcome = yield* semaphore.withPermit(
      post(url, JSON.stringify(bodyOf(record, update.plan)), settings),
    )
    const durationMillis = Math.round((performance.now() - startedAt) * 10) / 10
    update.attempts = [
      ...update.attempts,
      { at: new Date(at).toISOString(), ...outcome, durationMillis },
    ]
    const received = "status" in outcome && outcome.status >= 200 && outcome.status < 300
    yield* Effect.logDebug(
      `update ${update.plan.status} of message ${record.number}: ${"status" in outcome ? outcome.status : outcome.problem}`,
    )
    return received
  })

  const settle = (
    record: MessageRecord,
    update: UpdateRecord,
    state: UpdateRecord["state"],
  ): void => {
    update.state = state
    messages.changed(record)
  }

  const retry = Effect.fnUntraced(function* (record: MessageRecord, update: UpdateRecord) {
    let received = false
    for (let attempts = 1; !received && attempts < maxAttempts; attempts++) {
      const wait = firstRetrySeconds * 2 ** (attempts - 1) * settings.pace.second
      yield* timeline.sleep(record.senderId, wait)
      received = yield* attempt(record, update)
      const next = attempts + 1 < maxAttempts ? "retrying" : "given-up"
      settle(record, update, received ? "received" : next)
    }
  })

  /** Makes the first attempt. Returns whether retries follow. */
  const first = Effect.fnUntraced(function* (
    record: MessageRecord,
    update: UpdateRecord,
    check: CheckUpdate,
  ) {
    const refusal = refusalOf(record, update, check, settings)
    if (refusal !== undefined) {
      const at = new Date(timeline.now(record.senderId)).toISOString()
      update.attempts = [{ at, problem: refusal, durationMillis: 0 }]
      settle(record, update, "given-up")
      return false
    }
    const received = yield* attempt(record, update)
    settle(record, update, received ? "received" : "retrying")
    return !received
  })

  /** Plays the updates without sending them, because their receiver is not allowed. */
  const passOver = Effect.fnUntraced(function* (record: MessageRecord) {
    for (const update of record.updates) update.state = "not-allowed"
    yield* timeline.sleep(
      record.senderId,
      Math.max(...record.updates.map(({ plan }) => plan.happensAfter)),
    )
    messages.changed(record)
  })

  const deliver = Effect.fnUntraced(function* (record: MessageRecord, check: CheckUpdate) {
    const retries: Array<Fiber.Fiber<void>> = []
    for (const update of record.updates) {
      const wait = record.receivedAt + update.plan.dueAfter - timeline.now(record.senderId)
      if (wait > 0) yield* timeline.sleep(record.senderId, wait)
      // First attempts are made one after the other, to keep the order. Retries run in the background and delay nothing.
      if (yield* first(record, update, check)) {
        const again = timeline.track(record.senderId, retry(record, update))
        retries.push(yield* Effect.forkChild(again, { startImmediately: true }))
      }
    }
    return retries
  })

  const deliveries: Deliveries = {
    begin: (record, check) => {
      if (record.updates.length === 0) return
      const isPassedOver = stateOfReceiver(record.webhookUrl ?? "", settings) === "not-allowed"
      const all = isPassedOver
        ? timeline.track(record.senderId, passOver(record))
        : timeline
            .track(record.senderId, deliver(record, check))
            .pipe(Effect.flatMap(Fiber.joinAll))
      run(record.id, all)
    },
    refusal: ({ webhookUrl = "" }) => {
      const state = stateOfReceiver(webhookUrl, settings)
      return state === undefined
        ? undefined
        : state === "not-allowed"
          ? "The receiver is not on this machine; start the mock with --allow-host to allow its host"
          : "The receiver's URL is invalid"
    },
    resend: Effect.fnUntraced(function* (record, update) {
      const received = yield* attempt(record, update)
      settle(record, update, received ? "received" : "given-up")
    }),
    forget: (messageId) => FiberMap.remove(fibers, messageId),
  }
  return deliveries
})

/** Returns why an update cannot be sent at all. Undefined when it can. */
const refusalOf = (
  record: MessageRecord,
  update: UpdateRecord,
  check: CheckUpdate,
  settings: Settings,
): string | undefined => {
  if (stateOfReceiver(record.webhookUrl ?? "", settings) !== undefined) {
    return "the URL is invalid"
  }
  const problem = check(bodyOf(record, update.plan))
  return problem === undefined
    ? undefined
    : `the update does not conform to the contract: ${problem}`
}

const stateOfReceiver = (
  webhookUrl: string,
  { allowedHosts }: Settings,
): "not-allowed" | "given-up" | undefined => {
  // The contract's pattern allows invalid ports such as 99999.
  if (!URL.canParse(webhookUrl)) return "given-up"
  return isAllowedHost(new URL(webhookUrl).hostname, allowedHosts) ? undefined : "not-allowed"
}

type Outcome = { readonly status: number } | { readonly problem: string }

const post = (
  url: string,
  body: string,
  { sign, webhookTimeout }: Settings,
): Effect.Effect<Outcome> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...sign(body) },
        body,
        // A receiver must not redirect the update to a host that is not allowed.
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(webhookTimeout)]),
      })
      await response.body?.cancel()
      return { status: response.status }
    },
    catch: (cause) => ({ problem: problemOf(cause, webhookTimeout) }),
  }).pipe(Effect.catch((problem) => Effect.succeed(problem)))

const problemOf = (cause: unknown, timeoutMillis: number): string => {
  if (Predicate.hasProperty(cause, "name") && cause.name === "TimeoutError") {
    return `no answer within ${Duration.format(Duration.millis(timeoutMillis))}`
  }
  const inner = Predicate.hasProperty(cause, "cause") ? cause.cause : undefined
  const code = Predicate.hasProperty(inner, "code") ? String(inner.code) : undefined
  return code === "ECONNREFUSED"
    ? "connection refused"
    : (code ?? (inner instanceof Error ? inner.message : String(cause)))
}
