/**
 * A small application on Effect 3: reminds people of their appointments, and tells what became of each message.
 *
 * `node reminders.ts` sends with `fetch`, configured by SENT_SENDER_ID, SENT_API_KEY and SENT_BASE_URL.
 */
import { BulkSender, SentClient, SentWebhook } from "@effect-sent/effect-3"
import { Config, Console, Context, Effect, Either, Layer, Stream } from "effect"
import { pathToFileURL } from "node:url"

export interface Appointment {
  readonly person: string
  readonly phoneNumber: string
  readonly at: string
}

/** Where the appointments are. */
export class Calendar extends Context.Tag("Calendar")<
  Calendar,
  { readonly tomorrow: Stream.Stream<Appointment> }
>() {}

const templateId = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

/** Reminds everybody who has an appointment tomorrow. Whom it may be safe to remind again is in the log. */
export const remind: Effect.Effect<BulkSender.Summary, never, Calendar | SentClient.SentClient> =
  Effect.gen(function* () {
    const { tomorrow } = yield* Calendar
    const reminders = Stream.map(tomorrow, (appointment) => ({
      context: appointment.person,
      input: {
        phoneNumber: appointment.phoneNumber,
        templateId,
        messageBody: { name: appointment.person, time: appointment.at },
      },
    }))
    return yield* BulkSender.sendAll(reminders, { concurrency: 4 }).pipe(
      Stream.tap(({ context, result }) =>
        Either.isRight(result)
          ? Effect.void
          : Effect.logWarning(`${context} was not reminded: ${result.left.message}`),
      ),
      Stream.runFold(BulkSender.emptySummary, BulkSender.summarize),
      // The options are right.
      Effect.orDie,
    )
  })

/** Receives the delivery updates. */
export const Updates = SentWebhook.routeConfig("/webhooks/sent", {
  secret: Config.redacted("SENT_WEBHOOK_SECRET"),
  handle: (event) =>
    event._tag === "MessageStatus"
      ? Effect.log(`message ${event.messageId}: ${event.status}`)
      : Effect.void,
})

const CalendarLive = Layer.succeed(Calendar, {
  tomorrow: Stream.make(
    { person: "Ada", phoneNumber: "+1234567890", at: "9:00" },
    { person: "Grace", phoneNumber: "+1234567891", at: "9:30" },
  ),
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await remind.pipe(
    Effect.tap(({ accepted, total }) => Console.log(`${accepted} of ${total} accepted`)),
    Effect.provide(CalendarLive),
    Effect.provide(SentClient.layerEnv),
    Effect.runPromise,
  )
}
