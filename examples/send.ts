/**
 * Sends one message and decides by the error what to do next:
 *
 *     SENT_SENDER_ID=… SENT_API_KEY=… node examples/send.ts +1234567890 7ba7b820-9dad-11d1-80b4-00c04fd430c8
 */
import { SentClient } from "@effect-sent/core"
import { NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect } from "effect"

const [phoneNumber = "", templateId = ""] = process.argv.slice(2)

const program = SentClient.sendToPhone({ phoneNumber, templateId }).pipe(
  Effect.andThen((receipt) => Console.log(`accepted at ${DateTime.formatIso(receipt.acceptedAt)}`)),
  // What the person who runs this can mend.
  Effect.catchReasons("SentError", {
    InvalidRequest: ({ message }) => Console.error(message),
    InsufficientBalance: ({ message }) => Console.error(`top up the account: ${message}`),
  }),
  // Everything else: the one question is whether the message may be on its way.
  Effect.catchTag("SentError", (error) =>
    Console.error(
      error.delivery === "unknown"
        ? `do not send again before you have looked: ${error.message}`
        : `safe to send again: ${error.message}`,
    ),
  ),
)

program.pipe(Effect.provide(SentClient.layerEnv), NodeRuntime.runMain)
