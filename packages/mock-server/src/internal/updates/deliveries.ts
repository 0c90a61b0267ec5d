/** Delivers the updates of accepted messages to their receivers: in order, signed, and with retries. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type { Attempt } from "../../Message.ts"
import type { MessageRecord, Messages, UpdateRecord } from "../play/messages.ts"
import { makePending } from "./pending.ts"
import { makePost } from "./post.ts"
import { isAllowedHost } from "./receivers.ts"
import type { Sign } from "./sign.ts"
import { makeSlots } from "./slots.ts"
import type { Timeline } from "../play/timeline.ts"
import { maxFailures } from "./webhooks.ts"
import { bodyOf, type CheckUpdate, type Pace, type UpdatePlan } from "./updates.ts"

export interface Deliveries {
  /** Starts the delivery of a message's updates. */
  readonly begin: (record: MessageRecord, check: CheckUpdate) => void
  /** Returns why updates cannot be sent to a message's receiver. Undefined when they can. */
  readonly refusal: (record: MessageRecord) => string | undefined
  /** Sends one update again, now. */
  readonly resend: (record: MessageRecord, update: UpdateRecord) => Effect.Effect<void>
  /** Cancels the pending updates of a message. */
  readonly forget: (messageId: string) => void
  /** The number of updates that were dropped because too many messages had pending updates. */
  readonly dropped: () => number
  readonly resetDropped: () => void
  /** The updates that have not been received or given up yet. */
  readonly pending: () => { readonly messages: number; readonly updates: number }
}

export interface Settings {
  readonly pace: Pace
  readonly allowedHosts: ReadonlySet<string>
  /** How long a receiver has to answer, in milliseconds of the machine's clock. */
  readonly webhookTimeout: number
  readonly sign: Sign
  /** The maximum number of messages with pending updates. */
  readonly maxPending: number
}

/** From the contract's description of the callback: three attempts, the second after 60 seconds, the third after 120 more. */
const maxAttempts = 3
const firstRetrySeconds = 60

export const makeDeliveries = Effect.fnUntraced(function* (
  messages: Messages,
  timeline: Timeline,
  settings: Settings,
) {
  const sender = makePost()
  // Added before the fibers, so that it runs after they have ended.
  yield* Effect.addFinalizer(() => Effect.promise(sender.close))
  const fibers = yield* FiberSet.make<void>()
  const run = yield* FiberSet.runtime(fibers)()
  const pending = makePending(settings.maxPending, messages, run)
  const slots = makeSlots()

  /** Posts an update when its receiver has a free slot. */
  const post = (record: MessageRecord, update: UpdateRecord): Effect.Effect<Attempt> =>
    Effect.callback((resume) => {
      const url = new URL(record.webhookUrl ?? "")
      let abort: (() => void) | undefined
      const ticket = slots.enter(url, () => {
        const at = new Date(timeline.now(record.senderId)).toISOString()
        const startedAt = performance.now()
        const body = JSON.stringify(bodyOf(record, update.plan))
        const headers = { "content-type": "application/json", ...settings.sign(body) }
        const request = { url, headers, body, timeoutMillis: settings.webhookTimeout }
        abort = sender.post(request, (outcome) => {
          const durationMillis = Math.round((performance.now() - startedAt) * 10) / 10
          ticket.leave()
          resume(Effect.succeed({ at, headers, ...outcome, durationMillis }))
        })
      })
      return Effect.sync(() => {
        abort?.()
        ticket.leave()
      })
    })

  /** Makes an attempt. Logs the outcome, and what follows when the update was not received. */
  const attempt = Effect.fnUntraced(function* (
    record: MessageRecord,
    update: UpdateRecord,
    next: string,
  ) {
    const outcome = yield* post(record, update)
    update.attempts = [...update.attempts, outcome]
    const received = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300
    const line = `update ${update.plan.status} of message ${record.number}: ${outcome.status ?? outcome.problem}`
    const log = Effect.annotateLogs({
      number: record.number,
      update: update.plan.status,
      try: update.attempts.length,
      durationMillis: outcome.durationMillis,
      ...(outcome.status === undefined ? { problem: outcome.problem } : { status: outcome.status }),
    })
    // At debug level, like each request: in a test, a receiver may be meant to fail.
    yield* log(Effect.logDebug(received ? line : `${line}, try ${update.attempts.length}, ${next}`))
    if (record.webhook?.attempted(received) === true) {
      yield* Effect.logWarning(
        `the webhook of an account is disabled: ${maxFailures} deliveries in a row have failed`,
      )
    }
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

  /** How long the mock waits after this many attempts, in milliseconds. */
  const waitAfter = (attempts: number): number =>
    firstRetrySeconds * 2 ** (attempts - 1) * settings.pace.second

  const retriedIn = (attempts: number): string =>
    `retry in ${Duration.format(Duration.millis(waitAfter(attempts)))}`

  /** Gives an update up without an attempt. */
  const giveUp = (record: MessageRecord, update: UpdateRecord, problem: string) =>
    Effect.suspend(() => {
      const at = new Date(timeline.now(record.senderId)).toISOString()
      update.attempts = [...update.attempts, { at, problem, durationMillis: 0 }]
      settle(record, update, "given-up")
      return Effect.logDebug(
        `update ${update.plan.status} of message ${record.number} was not sent: ${problem}`,
      )
    })

  const retry = Effect.fnUntraced(function* (record: MessageRecord, update: UpdateRecord) {
    let received = false
    for (let attempts = 1; !received && attempts < maxAttempts; attempts++) {
      yield* timeline.sleep(record.senderId, waitAfter(attempts))
      if (record.webhook?.isActive === false) {
        yield* giveUp(record, update, isDisabled)
        return
      }
      const isLast = attempts + 1 === maxAttempts
      received = yield* attempt(record, update, isLast ? "given up" : retriedIn(attempts + 1))
      settle(record, update, received ? "received" : isLast ? "given-up" : "retrying")
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
      yield* giveUp(record, update, refusal)
      return false
    }
    const received = yield* attempt(record, update, retriedIn(1))
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

  /** Publishes each change of the status of a message without a receiver. */
  const announce = (record: MessageRecord, [next, ...others]: ReadonlyArray<UpdatePlan>): void => {
    if (next === undefined) return
    const wait = record.receivedAt + next.happensAfter - timeline.now(record.senderId)
    timeline.schedule(record.senderId, Math.max(wait, 0), () => {
      messages.changed(record)
      announce(record, others)
    })
  }

  const deliveries: Deliveries = {
    begin: (record, check) => {
      if (record.updates.length === 0) return announce(record, record.unsent ?? [])
      const isPassedOver = stateOfReceiver(record.webhookUrl ?? "", settings) === "not-allowed"
      const all = isPassedOver
        ? timeline.track(record.senderId, passOver(record))
        : timeline
            .track(record.senderId, deliver(record, check))
            .pipe(Effect.flatMap(Fiber.joinAll), Effect.asVoid)
      sender.load()
      pending.add(record, run(all))
    },
    refusal: ({ webhook, webhookUrl = "" }) => {
      if (webhook?.isActive === false) return `${isDisabled}; enable it first`
      const state = stateOfReceiver(webhookUrl, settings)
      return state === undefined
        ? undefined
        : state === "not-allowed"
          ? "The receiver is not on this machine; start the mock with --allow-host to allow its host"
          : "The receiver's URL is invalid"
    },
    resend: Effect.fnUntraced(function* (record, update) {
      const received = yield* attempt(record, update, "resent by hand")
      settle(record, update, received ? "received" : "given-up")
    }),
    forget: pending.forget,
    dropped: pending.dropped,
    resetDropped: pending.resetDropped,
    pending: () => {
      const records = pending.all()
      const updates = records.flatMap((record) =>
        record.updates.filter(({ state }) => state === "waiting" || state === "retrying"),
      )
      return { messages: records.length, updates: updates.length }
    },
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
  if (record.webhook?.isActive === false) return isDisabled
  const problem = check(bodyOf(record, update.plan))
  return problem === undefined
    ? undefined
    : `the update does not conform to the contract: ${problem}`
}

const isDisabled = `the webhook is disabled, since ${maxFailures} deliveries in a row have failed`

const stateOfReceiver = (
  webhookUrl: string,
  { allowedHosts }: Settings,
): "not-allowed" | "given-up" | undefined => {
  // The contract's pattern allows invalid ports such as 99999.
  if (!URL.canParse(webhookUrl)) return "given-up"
  return isAllowedHost(new URL(webhookUrl).hostname, allowedHosts) ? undefined : "not-allowed"
}
