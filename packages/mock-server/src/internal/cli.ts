/** The command-line interface of `effect-sent-mock`. */
import * as Contract from "@effect-sent/contract/Contract"
import type { ContractError } from "@effect-sent/contract/ContractError"
import * as Scenario from "@effect-sent/contract/Scenario"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Runtime from "effect/Runtime"
import { styleText } from "node:util"
import open from "open"
import * as MockServer from "../MockServer.ts"
import type { MockServerError } from "../MockServerError.ts"
import { withEnvironment } from "./environment.ts"
import { sampleSenderId, scenariosOf } from "./inbox/admin.ts"
import { operationName } from "./operations/rows.ts"
import { version } from "./packageJson.ts"

const contractFlag = Flag.String("contract").pipe(
  Flag.withDescription(
    "The OpenAPI 3 document to serve, a YAML or JSON file; may be repeated (default: the bundled contracts of v1 and v3)",
  ),
  Flag.between(0, 10),
)

// The message says what to do; a stack trace would only hide it.
const withoutStack = <A, R>(
  effect: Effect.Effect<A, MockServerError | ContractError, R>,
): Effect.Effect<A, CliError.UserError, R> =>
  Effect.mapError(effect, (cause) => new CliError.UserError({ cause }))

// -----------------------------------------------------------------------------
// start
// -----------------------------------------------------------------------------

/** Adds the description, with the default value, which the help does not show by itself. */
const described =
  <A extends string | number>(words: string, value: A) =>
  <B>(flag: Flag.Flag<B>): Flag.Flag<A | B> =>
    flag.pipe(Flag.withDescription(`${words} (default: ${value})`), Flag.withDefault(value))

const off = (words: string) => (flag: Flag.Flag<boolean>) =>
  flag.pipe(Flag.withDescription(words), Flag.withDefault(false))

const startFlags = {
  port: Flag.Int("port").pipe(
    Flag.withAlias("p"),
    described("The port to listen on; 0 picks a free one", 4010),
  ),
  host: Flag.String("host").pipe(
    described(
      "The address to listen on; 0.0.0.0 makes the mock reachable from your network",
      "127.0.0.1",
    ),
  ),
  contract: contractFlag,
  scenarios: Flag.String("scenarios").pipe(
    Flag.withDescription(
      "A YAML or JSON file with scenarios of your own, in the form of x-sent-scenarios (default: none)",
    ),
    Flag.optional,
  ),
  basePath: Flag.String("base-path").pipe(
    Flag.withDescription("A prefix for the contract's paths, e.g. /sent (default: none)"),
    Flag.optional,
  ),
  realistic: Flag.Boolean("realistic").pipe(
    off("Send updates at the pace of a real carrier instead of a hundred times as fast"),
  ),
  webhookSecret: Flag.Redacted("webhook-secret").pipe(
    Flag.withDescription(
      "The secret that signs updates: whsec_ followed by base64 (default: a public one, printed at start)",
    ),
    Flag.optional,
  ),
  webhookUrl: Flag.String("webhook-url").pipe(
    Flag.withDescription(
      "The receiver that is registered with every account: where the updates of v3 go (default: none)",
    ),
    Flag.optional,
  ),
  webhookTimeout: Flag.String("webhook-timeout").pipe(
    described("How long the receiver of an update has to answer", "30 seconds"),
    // The option is checked with the others.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Flag.map((text) => text as Duration.Input),
  ),
  allowedHosts: Flag.String("allow-host").pipe(
    Flag.withDescription(
      "Allow updates to this host in addition to this machine; may be repeated (default: none)",
    ),
    Flag.between(0, 100),
  ),
  inboxHosts: Flag.String("inbox-host").pipe(
    Flag.withDescription(
      "Serve the inbox under this host name, too, if it has a dot; may be repeated (default: none)",
    ),
    Flag.between(0, 100),
  ),
  maxMessages: Flag.Int("max-messages").pipe(
    described("The number of messages to keep; the oldest are removed first", 10_000),
  ),
  maxPending: Flag.Int("max-pending").pipe(
    described(
      "The number of messages that may have pending updates; those of the oldest are dropped first",
      20_000,
    ),
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription(
      "Derive message ids from this text and start the clock at 2026-01-01 (default: random ids, the machine's time)",
    ),
    Flag.optional,
  ),
  open: Flag.Boolean("open").pipe(off("Open the inbox in the browser")),
  exitWithParent: Flag.Boolean("exit-with-parent").pipe(
    Flag.withDescription("Stop when the parent process ends (default: only under npx)"),
    Flag.withDefault(process.env["npm_command"] === "exec"),
  ),
  log: Flag.Literals("log", ["pretty", "json"]).pipe(
    Flag.withDescription("The log format; --log-level none disables the log (default: pretty)"),
    Flag.withDefault("pretty"),
  ),
}

const startCommand = <const Name extends string>(name: Name) =>
  Command.make(
    name,
    startFlags,
    Effect.fnUntraced(
      function* ({
        basePath,
        contract,
        exitWithParent,
        log,
        open: toOpen,
        scenarios: ownScenarios,
        seed,
        webhookSecret,
        webhookUrl,
        ...options
      }) {
        const level = yield* GlobalFlag.LogLevel
        const mock = yield* MockServer.make({
          ...options,
          contract: contract.length === 0 ? undefined : contract,
          basePath: Option.getOrUndefined(basePath),
          scenarios: Option.getOrUndefined(ownScenarios),
          watch: contract.length > 0 || Option.isSome(ownScenarios),
          seed: Option.getOrUndefined(seed),
          webhookSecret: Option.getOrUndefined(webhookSecret),
          webhookUrl: Option.getOrUndefined(webhookUrl),
        }).pipe(
          // The library logs requests at debug level; for the program they are the normal output.
          Effect.provideService(
            References.MinimumLogLevel,
            Option.getOrElse(level, () => "Debug" as const),
          ),
          Effect.provide(Logger.layer([inTurns(log === "json" ? jsonLine : oneLine)])),
        )
        yield* Console.log(
          log === "json" ? readyLine(mock) : greeting(mock, Option.isNone(webhookSecret)),
        )
        if (toOpen) yield* openInbox(mock.inboxUrl)
        return yield* exitWithParent ? parentEnds : Effect.never
      },
      Effect.scoped,
      withoutStack,
    ),
  )

/** Completes when the parent process has ended: the system then gives this process another parent. */
const parentEnds: Effect.Effect<void> = Effect.callback((resume) => {
  const { ppid } = process
  const timer = setInterval(() => {
    if (process.ppid === ppid) return
    clearInterval(timer)
    resume(Effect.void)
  }, 500)
  return Effect.sync(() => clearInterval(timer))
})

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

/** One JSON object a line: the time, the level, the message, and what it is about. */
const jsonLine = Logger.make(({ cause, date, fiber, logLevel, message }) =>
  JSON.stringify({
    timestamp: date.toISOString(),
    level: logLevel.toUpperCase(),
    message: [message].flat().join(" "),
    ...fiber.getRef(References.CurrentLogAnnotations),
    ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) }),
  }),
)

type Listening = MockServer.MockServer["Service"]

const readyLine = ({ baseUrl, contract, inboxUrl, port }: Listening): string =>
  JSON.stringify({
    timestamp: new Date().toISOString(),
    level: "INFO",
    message: `ready at ${baseUrl}`,
    event: "ready",
    baseUrl,
    inboxUrl,
    port,
    contract: `${contract.title} ${contract.version}`,
  })

/** Opens the browser, and says so when it cannot be started or ends with an error. */
const openInbox = (url: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const failed = (): void =>
      console.error(`Could not start a browser; open ${url} in your browser`)
    open(url).then((child) => {
      child.once("error", failed)
      child.once("exit", (code) => {
        if (code !== 0) failed()
      })
      return child
    }, failed)
  })

const greeting = (
  { baseUrl, contract, inboxUrl }: Listening,
  usesDefaultSecret: boolean,
): string => {
  const variables = [
    ["SENT_BASE_URL", baseUrl],
    ["SENT_SENDER_ID", sampleSenderId],
    ["SENT_API_KEY", "anything"],
  ]
  const isPowerShell = process.platform === "win32"
  return [
    `${contract.title} ${contract.version}, mocked at ${baseUrl}`,
    `Inbox: ${inboxUrl}`,
    "",
    `For your program, in ${isPowerShell ? "PowerShell" : "a POSIX shell"}; the sender id may be any GUID:`,
    ...variables.map(([name, value]) =>
      isPowerShell ? `  $env:${name}="${value}"` : `  export ${name}=${value}`,
    ),
    ...(isPowerShell
      ? []
      : ["In PowerShell:", ...variables.map(([name, value]) => `  $env:${name}="${value}"`)]),
    ...(usesDefaultSecret
      ? ["", `Updates are signed with ${MockServer.defaultWebhookSecret}`]
      : []),
    "",
    "Magic numbers: effect-sent-mock scenarios. Press Ctrl-C to stop.",
  ].join("\n")
}

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
    const paths = path.length === 0 ? [Contract.bundledPath, Contract.bundledV3Path] : path
    const contracts = yield* Effect.forEach(paths, (one) => Contract.load(one))
    if (json) return yield* Console.log(JSON.stringify(scenariosOf(contracts), undefined, 2))
    return yield* Console.log(
      contracts.flatMap(({ operations }) => operations.flatMap(scenarioTable)).join("\n"),
    )
  }, withoutStack),
).pipe(Command.withDescription("List the magic phone numbers and message ids with their scenarios"))

const scenarioTable = (operation: Contract.Operation): ReadonlyArray<string> => {
  const { scenarios: all } = operation
  if (all.length === 0) return []
  const width = Math.max(...all.map(({ name }) => name.length))
  return [
    `${operationName(operation)}:`,
    ...all.map(
      (scenario) =>
        `${Scenario.triggerOf(scenario).value}  ${scenario.name.padEnd(width)}  ${scenario.summary}`,
    ),
    "",
  ]
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

/** A wrong flag is one line: the help would hide it. */
const presenter = CliOutput.layerPresenter({
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const [first] = event.errors
    const words = (first?.message ?? "invalid arguments")
      .replace(/\s*Did you mean this\?\s*/, "; did you mean ")
      .replaceAll(/\s+/g, " ")
    return Console.error(`effect-sent-mock: ${words}; see effect-sent-mock --help`)
  },
})

// A server outlives the reader of its log: `effect-sent-mock | head` ends the log and not the mock.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

const args = withEnvironment(process.argv.slice(2), process.env)

if (typeof args === "string") {
  console.error(`effect-sent-mock: ${args}`)
  process.exitCode = 1
} else {
  Command.runWith(command, { version })(args).pipe(
    Effect.provide(Layer.merge(NodeServices.layer, presenter)),
    NodeRuntime.runMain({ teardown }),
  )
}
