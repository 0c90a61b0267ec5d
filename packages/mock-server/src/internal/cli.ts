/** The command-line interface of `effect-sent-mock`. */
import * as Contract from "@effect-sent/contract/Contract"
import type { ContractError } from "@effect-sent/contract/ContractError"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Runtime from "effect/Runtime"
import { styleText } from "node:util"
import open from "open"
import * as MockServer from "../MockServer.ts"
import type { MockServerError } from "../MockServerError.ts"
import { sampleSenderId, scenariosOf } from "./inbox/admin.ts"
import { version } from "./packageJson.ts"

const contractFlag = Flag.String("contract").pipe(
  Flag.withDescription(
    "The OpenAPI 3 document to serve, a YAML or JSON file; by default the bundled contract",
  ),
  Flag.optional,
)

// The message says what to do; a stack trace would only hide it.
const withoutStack = <A, R>(
  effect: Effect.Effect<A, MockServerError | ContractError, R>,
): Effect.Effect<A, CliError.UserError, R> =>
  Effect.mapError(effect, (cause) => new CliError.UserError({ cause }))

// -----------------------------------------------------------------------------
// start
// -----------------------------------------------------------------------------

const startFlags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    Flag.withDescription("The port to listen on; 0 picks a free one"),
    Flag.withDefault(4010),
  ),
  host: Flag.String("host").pipe(
    Flag.withDescription(
      "The address to listen on; 0.0.0.0 makes the mock reachable from your network",
    ),
    Flag.withDefault("127.0.0.1"),
  ),
  contract: contractFlag,
  basePath: Flag.String("base-path").pipe(
    Flag.withDescription("A prefix for the contract's paths, e.g. /sent"),
    Flag.optional,
  ),
  realistic: Flag.Boolean("realistic").pipe(
    Flag.withDescription(
      "Send updates at the pace of a real carrier instead of a hundred times as fast",
    ),
    Flag.withDefault(false),
  ),
  webhookSecret: Flag.Redacted("webhook-secret").pipe(
    Flag.withDescription(
      "The secret that signs updates: whsec_ followed by base64; by default a public one, printed at start",
    ),
    Flag.optional,
  ),
  allowedHosts: Flag.String("allow-host").pipe(
    Flag.withDescription("Allow updates to this host in addition to this machine; may be repeated"),
    Flag.between(0, 100),
  ),
  inboxHosts: Flag.String("inbox-host").pipe(
    Flag.withDescription(
      "Serve the inbox under this host name in addition to localhost; may be repeated",
    ),
    Flag.between(0, 100),
  ),
  maxMessages: Flag.Int("max-messages").pipe(
    Flag.withDescription("The number of messages to keep; the oldest are removed first"),
    Flag.withDefault(10_000),
  ),
  maxPending: Flag.Int("max-pending").pipe(
    Flag.withDescription(
      "The number of messages that may have pending updates; the updates of the oldest are dropped first",
    ),
    Flag.withDefault(20_000),
  ),
  webhookTimeout: Flag.String("webhook-timeout").pipe(
    Flag.withDescription('How long the receiver of an update has to answer, e.g. "5 seconds"'),
    Flag.withDefault("30 seconds"),
    // The option is checked with the others.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Flag.map((text) => text as Duration.Input),
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription(
      "Derive message ids from this text and start the clock at 2026-01-01, for the same ids in each run",
    ),
    Flag.optional,
  ),
  open: Flag.Boolean("open").pipe(
    Flag.withDescription("Open the inbox in the browser"),
    Flag.withDefault(false),
  ),
  log: Flag.Literals("log", ["pretty", "json"]).pipe(
    Flag.withDescription("The log format; --log-level none disables the log"),
    Flag.withDefault("pretty"),
  ),
}

const startCommand = <const Name extends string>(name: Name) =>
  Command.make(
    name,
    startFlags,
    Effect.fnUntraced(
      function* ({ basePath, contract, log, open: toOpen, seed, webhookSecret, ...options }) {
        const level = yield* GlobalFlag.LogLevel
        const mock = yield* MockServer.make({
          ...options,
          contract: Option.getOrUndefined(contract),
          basePath: Option.getOrUndefined(basePath),
          seed: Option.getOrUndefined(seed),
          webhookSecret: Option.getOrUndefined(webhookSecret),
        }).pipe(
          // The library logs requests at debug level; for the program they are the normal output.
          Effect.provideService(
            References.MinimumLogLevel,
            Option.getOrElse(level, () => "Debug" as const),
          ),
          Effect.provide(Logger.layer([inTurns(log === "json" ? Logger.formatJson : oneLine)])),
        )
        yield* Console.log(greeting(mock, Option.isNone(webhookSecret)))
        if (toOpen) yield* openInbox(mock.inboxUrl)
        return yield* Effect.never
      },
      Effect.scoped,
      withoutStack,
    ),
  )

/** Batches the log lines of one event loop turn: writing each separately would add a sixth to the time of a request. */
const inTurns = (format: Logger.Logger<unknown, string>): Logger.Logger<unknown, void> => {
  const lines: Array<string> = []
  const flush = (): void => {
    if (lines.length > 0) process.stdout.write(lines.splice(0).join(""))
  }
  process.once("exit", flush)
  return Logger.map(format, (line) => {
    if (lines.length === 0) setImmediate(flush)
    lines.push(`${line}\n`)
  })
}

const oneLine = Logger.make(({ cause, date, message }) => {
  const time = styleText("dim", date.toTimeString().slice(0, 8), { stream: process.stdout })
  const text = [message].flat().join(" ")
  return `${time}  ${text}${cause.reasons.length === 0 ? "" : `\n${Cause.pretty(cause)}`}`
})

const openInbox = (url: string): Effect.Effect<void> =>
  Effect.tryPromise(() => open(url)).pipe(
    Effect.catch(() => Console.error(`Could not start a browser; open ${url} in your browser`)),
    Effect.asVoid,
  )

const greeting = (
  { baseUrl, contract, inboxUrl }: MockServer.MockServer["Service"],
  usesDefaultSecret: boolean,
): string =>
  [
    `${contract.title} ${contract.version}, mocked at ${baseUrl}`,
    `Inbox: ${inboxUrl}`,
    "",
    `  SENT_BASE_URL=${baseUrl}`,
    `  SENT_SENDER_ID=${sampleSenderId}   any GUID works`,
    "  SENT_API_KEY=anything",
    ...(usesDefaultSecret
      ? ["", `Updates are signed with ${MockServer.defaultWebhookSecret}`]
      : []),
    "",
    "Magic numbers: effect-sent-mock scenarios. Press Ctrl-C to stop.",
  ].join("\n")

// -----------------------------------------------------------------------------
// scenarios
// -----------------------------------------------------------------------------

const scenarios = Command.make(
  "scenarios",
  {
    contract: contractFlag,
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print the scenarios as JSON, like /__mock/scenarios"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* ({ contract: path, json }) {
    const contract = yield* Contract.load(Option.getOrUndefined(path))
    if (json) return yield* Console.log(JSON.stringify(scenariosOf(contract), undefined, 2))
    return yield* Console.log(scenarioTable(contract))
  }, withoutStack),
).pipe(Command.withDescription("List the magic phone numbers and their scenarios"))

const scenarioTable = ({ operations }: Contract.Contract): string => {
  const all = operations.flatMap((operation) => operation.scenarios)
  const width = Math.max(...all.map(({ name }) => name.length))
  return all
    .map(({ name, phoneNumber, summary }) => `${phoneNumber}  ${name.padEnd(width)}  ${summary}`)
    .join("\n")
}

// -----------------------------------------------------------------------------
// effect-sent-mock
// -----------------------------------------------------------------------------

const start = startCommand("start").pipe(
  Command.withDescription("Start the mock, like effect-sent-mock without a command"),
)

const command = startCommand("effect-sent-mock").pipe(
  Command.withSubcommands([start, scenarios]),
  Command.withDescription(
    "A mock of Sent.dm's API that answers from the OpenAPI contract. Send to a magic number to play a refusal or a " +
      "delivery (effect-sent-mock scenarios lists the numbers), set webhookUrl to an address on this machine to receive " +
      "delivery updates, and open /__mock/ to see every message. The mock runs until Ctrl-C.",
  ),
  Command.withExamples([
    { command: "effect-sent-mock --open", description: "Listen on port 4010 and open the inbox" },
    { command: "effect-sent-mock scenarios", description: "List the magic phone numbers" },
    {
      command: "effect-sent-mock --port 0 --log json",
      description: "Listen on a free port and log JSON, for use in a script",
    },
  ]),
)

// Ctrl-C is the normal way to stop the mock, so it exits with 0.
const teardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? onExit(0)
    : Runtime.defaultTeardown(exit, onExit)

Command.run(command, { version }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ teardown }),
)
