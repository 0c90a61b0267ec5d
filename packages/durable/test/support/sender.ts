/** A durable sender over SQLite, with a client that the test plays. */
import { SentClient, SentError, type SendToPhone } from "@effect-sent/core"
import { DurableSender, Sqlite } from "@effect-sent/durable"
import { DateTime, type Duration, Effect, Layer } from "effect"

export const secret = "a secret of the tests, long enough to sign with"

export const message = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
} satisfies SendToPhone.Input

/** A sender in a file, by default one in memory. */
export const senderIn = (filename = ":memory:", options: Partial<DurableSender.Options> = {}) =>
  DurableSender.layer({ secret, ...options }).pipe(Layer.provideMerge(Sqlite.layer({ filename })))

/** The error of a send. */
export const failure = (reason: SentError.SentError["reason"]) =>
  new SentError.SentError({ reason, attempts: 1 })

export const accepted: Effect.Effect<SendToPhone.SendReceipt> = Effect.map(
  DateTime.now,
  (acceptedAt) => ({ acceptedAt, status: 204, attempts: 1 }),
)

/** A client that keeps what it is given, and answers as it is told. */
export const makeClient = (
  play: (
    input: SendToPhone.Input,
    options: SentClient.SendOptions | undefined,
  ) => Effect.Effect<SendToPhone.SendReceipt, SentError.SentError> = () => accepted,
  keyLifetime?: Duration.Duration,
) => {
  const inputs: Array<SendToPhone.Input> = []
  const layer = Layer.succeed(SentClient.SentClient, {
    keyLifetime,
    sendToPhone: (input, options) =>
      Effect.suspend(() => {
        inputs.push(input)
        return play(input, options)
      }),
  })
  return { inputs, layer }
}
