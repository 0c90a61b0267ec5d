/** The commands of `effect-sent`. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, References } from "effect"
import { Command } from "effect/cli"
import { report, status, unknown } from "./commands/look.ts"
import { retry } from "./commands/retry.ts"
import { send } from "./commands/send.ts"
import { version } from "./packageJson.ts"

const program = Command.make("effect-sent").pipe(
  Command.withDescription(
    "Sends SMS and WhatsApp messages through Sent.dm: one, or a list of people, each once.\n\n" +
      "Set the credentials in SENT_SENDER_ID and SENT_API_KEY, and optionally the base URL of the API in SENT_BASE_URL. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured.\n\n" +
      "Exit codes: 0 all messages were accepted; 1 the command, the list or the configuration is invalid and nothing was sent; " +
      "2 some messages were not sent; 3 some messages may have been sent; 130 Ctrl-C.",
  ),
  Command.withSubcommands([send, status, unknown, report, retry]),
)

Command.run(program, { version }).pipe(
  Effect.provide(NodeServices.layer),
  // The program says itself what went wrong.
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  NodeRuntime.runMain,
)
