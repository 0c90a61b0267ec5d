/** The commands of `effect-sent`. */
import { Command } from "effect/cli"
import { report, status, unknown } from "./commands/look.ts"
import { retry } from "./commands/retry.ts"
import { send } from "./commands/send.ts"

/** The program. */
export const program = Command.make("effect-sent").pipe(
  Command.withDescription(
    "Sends SMS and WhatsApp messages through Sent.dm: one, or a list of people, each once.\n\n" +
      "Set the credentials in SENT_SENDER_ID and SENT_API_KEY, and optionally the base URL of the API in SENT_BASE_URL. With the public URL of a receiver of delivery updates in SENT_PUBLIC_URL and its secret in SENT_TRACKER_SECRET, status and report say what was delivered. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured.\n\n" +
      "Exit codes: 0 all messages were accepted; 1 the command, the list or the configuration is invalid and nothing was sent; " +
      "2 some messages were not sent; 3 some messages may have been sent; 130 Ctrl-C.",
  ),
  Command.withSubcommands([send, status, unknown, report, retry]),
)
