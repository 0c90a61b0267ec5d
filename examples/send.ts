/**
 * Sends one message and decides what to do next by the error:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… node examples/send.ts +1234567890 7ba7b820-9dad-11d1-80b4-00c04fd430c8
 */
import { SentClient } from "@effect-sent/core"
import { NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect } from "effect"

const [phoneNumber = "", templateId = ""] = process.argv.slice(2)

const program = SentClient.sendToPhone({ phoneNumber, templateId }).pipe(
  Effect.andThen((receipt) => Console.log(`accepted at ${DateTime.formatIso(receipt.acceptedAt)}`)),
  // Errors that the user of this program can fix.
  Effect.catchReasons("SentError", {
    InvalidRequest: ({ message }) => Console.error(message),
    InsufficientBalance: ({ message }) => Console.error(`top up the account: ${message}`),
  }),
  // For all other errors, it only matters whether the message may have been sent.
  Effect.catchTag("SentError", (error) =>
    Console.error(
      error.delivery === "unknown"
        ? `the message may have been sent; check before you send it again: ${error.message}`
        : `not sent; it is safe to send again: ${error.message}`,
    ),
  ),
)

program.pipe(Effect.provide(SentClient.layerEnv), NodeRuntime.runMain)
