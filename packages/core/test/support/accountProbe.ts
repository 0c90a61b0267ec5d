/** A tracker over v3 without a server: its client does what the test says, and signed updates are told to it directly. */
import {
  type DeliveryStore,
  DeliveryTracker,
  type SendToPhone,
  SentClient,
  SentWebhook,
} from "@effect-sent/core"
import { Clock, Context, DateTime, Effect } from "effect"
import { secretOf } from "./webhookForms.ts"

const webhookSecret = secretOf("the key of an account's webhooks")

export const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"

export const receiptOf = (
  more: Partial<SendToPhone.SendReceipt> = {},
): SendToPhone.SendReceipt => ({
  acceptedAt: DateTime.makeUnsafe(0),
  status: 202,
  attempts: 1,
  messageId,
  ...more,
})

type Client = SentClient.SentClient["Service"]
export type Tracker = DeliveryTracker.DeliveryTracker["Service"]

/** A tracker of which a client of v3 does this. */
export const trackerOf = <R = never>(
  options: DeliveryTracker.Options<R> = {},
  sendToPhone: Client["sendToPhone"] = () => Effect.succeed(receiptOf()),
) =>
  DeliveryTracker.make({ webhookSecret, ...options }).pipe(
    Effect.provideService(SentClient.SentClient, { updatesTo: "account", sendToPhone }),
  )

/** Tells a tracker an update, and returns the status of its response. */
export const tell = (
  tracker: Tracker,
  message_status: string,
  more: object = {},
  { secret = webhookSecret, url = "/hooks/sent" }: { secret?: string; url?: string } = {},
) =>
  Effect.gen(function* () {
    const body = JSON.stringify({
      field: "message",
      timestamp: "1970-01-01T00:00:00Z",
      payload: { message_id: messageId, message_status, ...more },
    })
    const headers = yield* SentWebhook.sign(body, { secret })
    return (yield* tracker.receive({ url, headers, body })).status
  }).pipe(Effect.orDie)

/** A store each of whose operations takes so many turns of the event loop, one after the other of these. */
export const slowed = (
  store: DeliveryStore.DeliveryStore["Service"],
  turns: ReadonlyArray<number>,
): DeliveryStore.DeliveryStore["Service"] => {
  let count = 0
  const pause = Effect.suspend(() =>
    Effect.yieldNow.pipe(Effect.repeat({ times: turns[count++ % turns.length] ?? 0 })),
  )
  const slow =
    <Args extends ReadonlyArray<unknown>, A, E>(
      operation: (...args: Args) => Effect.Effect<A, E>,
    ) =>
    (...args: Args) =>
      Effect.andThen(pause, operation(...args)).pipe(Effect.tap(pause))
  return {
    ...store,
    append: slow(store.append),
    find: slow(store.find),
    claim: slow(store.claim),
    complete: slow(store.complete),
  }
}

export const inRealTime = Effect.provideService(
  Clock.Clock,
  Context.get(Context.empty(), Clock.Clock),
)

/** Looks until it is so, and lets other fibers run between. */
export const until = <E>(look: Effect.Effect<boolean, E>) =>
  Effect.sleep("1 millis").pipe(
    inRealTime,
    Effect.andThen(look),
    Effect.repeat({ until: (isSo) => isSo }),
  )
