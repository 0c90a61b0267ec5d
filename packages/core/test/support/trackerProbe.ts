/** A tracker without a server: its client does what the test says, and updates are told to it directly. */
import { DeliveryStore, DeliveryTracker, type SendToPhone, SentClient } from "@effect-sent/core"
import { DateTime, Effect } from "effect"
import { sample } from "@effect-sent/faults/sample"

const { webhookUrl: _, ...input } = sample
export { input }

type Client = SentClient.SentClient["Service"]
export type Tracker = DeliveryTracker.DeliveryTracker["Service"]

export const receipt: SendToPhone.SendReceipt = {
  acceptedAt: DateTime.makeUnsafe(0),
  status: 204,
  attempts: 1,
}

/** A tracker whose client does this, and the callback URLs of its sends. */
export const setUp = Effect.fnUntraced(function* <R = never>(
  options: Partial<DeliveryTracker.Options<R>> = {},
  client: Client["sendToPhone"] = () => Effect.succeed(receipt),
) {
  const urls: Array<string> = []
  const tracker = yield* DeliveryTracker.make({
    publicUrl: "https://app.example.com/hooks/sent",
    secret: "a secret of the tests, long enough to sign with",
    ...options,
  }).pipe(
    Effect.provideService(SentClient.SentClient, {
      sendToPhone: (request, sendOptions) =>
        Effect.suspend(() => {
          urls.push(request.webhookUrl ?? "")
          return client(request, sendOptions)
        }),
    }),
  )
  return { tracker, urls }
})

export const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"

/** Tells a tracker an update, and returns the status of its response. */
export const tell = (
  tracker: Tracker,
  url: string | undefined,
  message_status: string,
  more: object = {},
  ahead = 0,
) =>
  Effect.gen(function* () {
    const now = yield* DateTime.now
    const timestamp = DateTime.formatIso(DateTime.add(now, { milliseconds: ahead }))
    const payload = { message_id: messageId, message_status, ...more }
    const body = JSON.stringify({ field: "message", timestamp, payload })
    return (yield* tracker.receive({ url: url ?? "", headers: {}, body })).status
  })

export const away = Effect.fail(
  new DeliveryStore.DeliveryStoreError({ operation: "append", problem: "away" }),
)
