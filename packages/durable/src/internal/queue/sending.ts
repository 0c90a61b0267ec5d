/** Sends the message of a claimed row: what is written before the wire, the answer, and what is written after it. */
import type { CallbackUrls } from "@effect-sent/core/CallbackUrl"
import type { SendReceipt } from "@effect-sent/core/SendToPhone"
import type * as SentClient from "@effect-sent/core/SentClient"
import type { SentError } from "@effect-sent/core/SentError"
import * as SentMessages from "@effect-sent/core/SentMessages"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { Ask } from "../sql/answer.ts"
import type { DurableSenderError, Operation } from "./errors.ts"
import { backoffOf, type Outcome, outcomeOf } from "./outcome.ts"
import { fromColumn, openingAt } from "./quietHours.ts"
import { messageOf, numberOf, type Row } from "./row.ts"
import * as Telemetry from "./telemetry.ts"
import type { OwnKey, Transitions } from "./transitions.ts"

/** What all sends share. */
export interface Line {
  readonly ask: Ask<Operation, DurableSenderError>
  readonly transitions: Transitions
  /** Makes callback URLs. Undefined if updates are not received, or by URLs of the caller. */
  readonly urls: CallbackUrls | undefined
  /** How long a callback URL is valid, in milliseconds. */
  readonly timeToLive: number
}

/** How an attempt ended. Undefined if nothing was sent: the row is another's, or it has to wait. */
export interface Attempted {
  readonly result: Result.Result<SendReceipt, SentError>
  readonly outcome: Outcome
}

/**
 * Sends the message of a row that the caller has claimed, for a lease in milliseconds; or again, with the same idempotency key,
 * that of one whose attempt the caller has taken over.
 */
export const attempt = Effect.fnUntraced(function* (
  { ask, timeToLive, transitions, urls }: Line,
  client: SentClient.SentClient["Service"],
  row: Row,
  lease: number,
): Effect.fn.Return<Attempted | undefined, DurableSenderError> {
  const holder = { key: row.key, fence: Number(row.fence) }
  const message = messageOf(row)
  const now = yield* Clock.currentTimeMillis
  const isResumed = row.state === "attempting"
  const isKeyed = row.is_queued === 1 && client.keyLifetime !== undefined
  const giveBack = (dueAt?: number) =>
    Effect.asVoid(
      ask(
        "settle",
        isResumed
          ? transitions.postpone({ ...holder, dueAt: dueAt ?? now })
          : transitions.giveBack({ ...holder, now, dueAt }),
      ),
    )

  const opening = openingAt(fromColumn(row.quiet_hours), now)
  if (opening.from > now) return yield* Effect.as(giveBack(opening.from), undefined)

  const callback = yield* callbackOf(row, urls, timeToLive, now)
  const ownKey = isResumed ? keyOf(row) : yield* makeKey(client, now)
  const begun =
    isResumed ||
    (yield* ask(
      "begin",
      transitions.begin({ ...holder, ...callback, ownKey, now, leaseUntil: now + lease }),
    ).pipe(Effect.tapError(() => Effect.ignore(giveBack()))))
  if (!begun) {
    // Also if it was written by a statement whose answer was lost: nothing was sent with this fence.
    yield* giveBack()
    return undefined
  }

  const settle = Effect.fnUntraced(function* (
    outcome: Pick<Outcome, "state" | "reason">,
    wait = 0,
  ) {
    // Nobody but its caller repeats what `sendOnce` sends.
    const state = outcome.state === "pending" && row.is_queued === 0 ? "refused" : outcome.state
    const endedAt = yield* Clock.currentTimeMillis
    const ending = { ...holder, ...outcome, state, now: endedAt, dueAt: endedAt + wait }
    yield* ask("settle", transitions.settle(ending)).pipe(
      Effect.retry(patiently),
      Effect.andThen((isSettled) => (isSettled ? Telemetry.changed(state) : Effect.void)),
    )
  })

  if (message === undefined) {
    yield* settle({ state: isResumed ? "unknown" : "refused", reason: "Unreadable" })
    return undefined
  }
  const left =
    Math.min(opening.until, numberOf(row.not_after) ?? Number.POSITIVE_INFINITY) -
    (yield* Clock.currentTimeMillis)
  if (left <= 0) {
    // It is too late to send it, and not known whether it was sent.
    yield* isResumed ? settle({ state: "unknown", reason: row.reason }) : giveBack()
    return undefined
  }

  const webhookUrl = callback.callbackUrl ?? undefined
  const result = yield* client
    .sendToPhone(webhookUrl === undefined ? message : { ...message, webhookUrl }, {
      // Its answer comes before the lease ends, if the process runs.
      deadline: Duration.millis(Math.min(left, (lease * 2) / 3)),
      idempotencyKey:
        isResumed && ownKey !== undefined
          ? { key: ownKey.key, firstUsedAt: DateTime.makeUnsafe(ownKey.usedAt) }
          : ownKey?.key,
    })
    .pipe(
      Effect.result,
      Telemetry.inSpan(row.trace, row.attempts + 1),
      Effect.onExit((exit) =>
        Exit.isSuccess(exit)
          ? Effect.void
          : Effect.ignore(settle({ state: isKeyed ? "attempting" : "unknown", reason: null })),
      ),
    )
  const outcome = outcomeOf(result, isKeyed)
  const jitter = 0.8 + 0.4 * (yield* Random.next)
  const wait = Duration.toMillis(backoffOf(row.attempts + 1, outcome.retryAfter))
  yield* settle(outcome, Math.round(outcome.next === "wait" ? wait : wait * jitter))
  return { result, outcome }
})

/** What is known of a message that was sent must reach the database, which may be away for a while. */
const patiently = Schedule.min([
  Schedule.exponential("100 millis"),
  Schedule.spaced("10 seconds"),
]).pipe(Schedule.jittered, Schedule.upTo({ duration: "10 minutes" }))

/** A new key for each message: what is pending or claimed was certainly not sent. */
const makeKey = ({ keyLifetime }: SentClient.SentClient["Service"], now: number) =>
  keyLifetime === undefined
    ? Effect.undefined
    : Effect.map(SentMessages.randomKey, (key): OwnKey => ({
        key,
        usedAt: now,
        until: now + Duration.toMillis(keyLifetime),
      }))

const keyOf = ({ idempotency_key, key_until, key_used_at }: Row): OwnKey | undefined =>
  idempotency_key === null
    ? undefined
    : { key: idempotency_key, usedAt: Number(key_used_at), until: Number(key_until) }

interface Callback {
  readonly sendId: string | null
  readonly callbackUrl: string | null
  readonly callbackUntil: number | null
}

/**
 * The callback URL of a row: the one of an earlier attempt while it lasts, since an update to it proves that one. None if the
 * message has a `webhookUrl` of its caller.
 */
const callbackOf = Effect.fnUntraced(function* (
  row: Row,
  urls: CallbackUrls | undefined,
  timeToLive: number,
  now: number,
): Effect.fn.Return<Callback> {
  if (urls === undefined || row.webhook_url !== null) {
    return { sendId: null, callbackUrl: null, callbackUntil: null }
  }
  const until = numberOf(row.callback_until) ?? 0
  if (row.send_id !== null && row.callback_url !== null && until - now > timeToLive / 2) {
    return { sendId: row.send_id, callbackUrl: row.callback_url, callbackUntil: until }
  }
  const { expiresAt, id, url } = yield* urls.make(timeToLive)
  return { sendId: id, callbackUrl: url, callbackUntil: expiresAt }
})
