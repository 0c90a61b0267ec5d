/** The command line of `effect-sent-contract`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { version } from "../packageJson.ts"
import { coverage } from "./coverage.ts"
import { diff } from "./diff.ts"
import { teardown } from "./exit.ts"
import { lint } from "./lint.ts"
import { outliveReaders } from "./output.ts"
import { proxy } from "./proxy.ts"
import { verify } from "./verify.ts"

const command = Command.make("effect-sent-contract").pipe(
  Command.withSubcommands([lint, diff, verify, coverage, proxy]),
  Command.withDescription(
    "Keep a contract, its clients, its mock and the live service in agreement. Exits with 0 when every check passed, " +
      "with 1 when a check failed, and with 2 when the checks could not run.",
  ),
  Command.withExamples([
    {
      command: "effect-sent-contract verify --target http://127.0.0.1:4010",
      description: "Verify a mock on this machine",
    },
    {
      command: "effect-sent-contract diff main",
      description: "Show how the working tree changes the bundled contract",
    },
    {
      command: "effect-sent-contract proxy --target https://api.sent.dm",
      description: "Watch an application and the service exchange messages",
    },
  ]),
)

outliveReaders()

Command.run(command, { version }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ teardown }),
)
