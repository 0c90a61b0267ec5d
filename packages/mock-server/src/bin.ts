#!/usr/bin/env node
/** `effect-sent-mock`: the mock server from the command line. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { createRequire } from "node:module"
import * as MockServer from "./MockServer.ts"

const PackageJson = Schema.Struct({ version: Schema.String })

const { version } = Schema.decodeUnknownSync(PackageJson)(
  createRequire(import.meta.url)("../package.json"),
)

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("The port to listen on; 0 picks a free one"),
    Flag.withDefault(4010),
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription("The address to listen on; 0.0.0.0 lets others on your network in"),
    Flag.withDefault("127.0.0.1"),
  ),
  contract: Flag.String("contract").pipe(
    Flag.withDescription("Another OpenAPI 3 document to serve, a YAML or JSON file"),
    Flag.optional,
  ),
}

const command = Command.make(
  "effect-sent-mock",
  flags,
  Effect.fnUntraced(
    function* ({ contract, host, port }) {
      const mock = yield* MockServer.make({ host, port, contract: Option.getOrUndefined(contract) })
      yield* Console.log(greeting(mock))
      return yield* Effect.never
    },
    Effect.scoped,
    // The message says what to do; the stack of a port in use says nothing.
    Effect.catchTag("MockServerError", (error) =>
      Effect.fail(new CliError.UserError({ cause: error })),
    ),
  ),
).pipe(
  Command.withDescription(
    "A mock of Sent.dm's API. Whatever it answers comes from the OpenAPI contract; `Prefer: code=429` or " +
      "`Prefer: example=template-not-found` asks for a refusal. It runs until Ctrl-C.",
  ),
  Command.withExamples([
    { command: "effect-sent-mock", description: "Listen on http://127.0.0.1:4010" },
    { command: "effect-sent-mock --port 0 --log-level debug", description: "Show every request" },
  ]),
)

const greeting = ({ baseUrl, contract }: MockServer.MockServer["Service"]): string =>
  `${contract.title} ${contract.version}, mocked at ${baseUrl}

  SENT_BASE_URL=${baseUrl}
  SENT_SENDER_ID=b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11   any GUID will do
  SENT_API_KEY=anything

Ctrl-C stops it.`

// To be stopped is how it ends; the shell need not hear of a failure.
const teardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? onExit(0)
    : Runtime.defaultTeardown(exit, onExit)

Command.run(command, { version }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ teardown }),
)
