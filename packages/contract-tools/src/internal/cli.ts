/** The command line of `effect-sent-contract`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { SingleBar } from "cli-progress"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { writeFile } from "node:fs/promises"
import * as ContractDiff from "../ContractDiff.ts"
import * as ContractLint from "../ContractLint.ts"
import * as ContractProxy from "../ContractProxy.ts"
import * as ContractReport from "../ContractReport.ts"
import * as ContractVerify from "../ContractVerify.ts"
import * as MockServer from "@effect-sent/mock-server/MockServer"
import { isAtLeast } from "./diff/version.ts"
import { version } from "./packageJson.ts"
import { toLines } from "./report/pretty.ts"

// -----------------------------------------------------------------------------
// How it ends
// -----------------------------------------------------------------------------

/** Something does not hold. The report is printed by then; the exit code is all that is left to say. */
class DoesNotHold extends Schema.TaggedError<DoesNotHold>("DoesNotHold")("DoesNotHold", {}) {
  override readonly [Runtime.errorReported] = false
}

const exitCodes = { holds: 0, doesNotHold: 1, cannotRun: 2 }

/** By custom, 128 and the number of the signal; but to be interrupted is how the proxy ends. */
let interruptedWith = 130

const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isSuccess(exit)) return onExit(exitCodes.holds)
  if (Cause.hasInterruptsOnly(exit.cause)) return onExit(interruptedWith)
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return onExit(error instanceof DoesNotHold ? exitCodes.doesNotHold : exitCodes.cannotRun)
}

/** The message says what to do; a stack says nothing to whoever typed a wrong path. */
const inWords = <A, E extends { readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | CliError.UserError, R> =>
  Effect.mapError(effect, (cause) =>
    cause instanceof DoesNotHold ? cause : new CliError.UserError({ cause }),
  )

// -----------------------------------------------------------------------------
// Reports
// -----------------------------------------------------------------------------

const reportFlags = {
  reporter: Flag.Literals("reporter", ["pretty", "junit", "json", "github"]).pipe(
    Flag.withAlias("r"),
    Flag.withDescription("pretty for people, junit or json for a program, github for annotations"),
    Flag.withDefault("pretty"),
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription("A file to write the report to, in place of the standard output"),
    Flag.optional,
  ),
}

interface ReportFlags {
  readonly reporter: ContractReport.Reporter
  readonly output: Option.Option<string>
}

/** What a report must be free of: errors, errors and warnings, nothing. */
type FailOn = "breaking" | "addition" | "none"

const failing: Readonly<Record<FailOn, ReadonlyArray<ContractReport.Finding["severity"]>>> = {
  breaking: ["error"],
  addition: ["error", "warning"],
  none: [],
}

const print = Effect.fnUntraced(function* (
  report: ContractReport.Report,
  { output, reporter }: ReportFlags,
  failOn: FailOn = "breaking",
): Effect.fn.Return<void, DoesNotHold | CliError.UserError> {
  const text = ContractReport.format(report, reporter)
  yield* Option.match(output, {
    onNone: () => Console.log(text),
    onSome: (path) =>
      Effect.tryPromise({
        try: () => writeFile(path, `${text}\n`),
        catch: (cause) =>
          new CliError.UserError({
            cause: new Error(`${path} cannot be written: ${String(cause)}`),
          }),
      }),
  })
  const fails = report.checks.some(({ findings }) =>
    findings.some(({ severity }) => failing[failOn].includes(severity)),
  )
  if (fails) yield* new DoesNotHold()
})

// -----------------------------------------------------------------------------
// lint and diff
// -----------------------------------------------------------------------------

const lint = Command.make(
  "lint",
  {
    contract: Argument.String("contract").pipe(
      Argument.withDescription("An OpenAPI 3 document; the bundled one if left out"),
      Argument.optional,
    ),
    ...reportFlags,
  },
  Effect.fnUntraced(function* ({ contract, ...flags }) {
    yield* print(yield* ContractLint.lint(Option.getOrUndefined(contract)), flags)
  }, inWords),
).pipe(
  Command.withDescription(
    "Look at a contract itself: Redocly's rules, and ours for patterns, formats, examples and magic numbers",
  ),
)

const diff = Command.make(
  "diff",
  {
    old: Argument.String("old").pipe(
      Argument.withDescription(
        "An OpenAPI 3 document, or a git ref such as main: the new one as it was then",
      ),
    ),
    new: Argument.String("new").pipe(
      Argument.withDescription("The document that it became; the bundled one if left out"),
      Argument.optional,
    ),
    failOn: Flag.Literals("fail-on", ["breaking", "addition", "none"]).pipe(
      Flag.withDescription("What makes it end with 1 when the version does not say so"),
      Flag.withDefault("breaking"),
    ),
    ...reportFlags,
  },
  Effect.fnUntraced(function* ({ failOn, new: revision, old, ...flags }) {
    const { actualBump, report, requiredBump } = yield* ContractDiff.diff({
      old,
      new: Option.getOrUndefined(revision),
    })
    // What breaks with a version that says so is a warning, and nothing to fail for.
    const isSaid = isAtLeast(actualBump, requiredBump)
    yield* print(report, flags, failOn === "addition" && isSaid ? "breaking" : failOn)
  }, inWords),
).pipe(
  Command.withDescription(
    "Show what changed and whom it breaks: callers, receivers of updates, users of the mock. What breaks needs a new " +
      "major version, what adds something a new minor one",
  ),
)

// -----------------------------------------------------------------------------
// verify and coverage
// -----------------------------------------------------------------------------

const contractFlag = Flag.String("contract").pipe(
  Flag.withDescription(
    "Another OpenAPI 3 document, a YAML or JSON file; the bundled one if left out",
  ),
  Flag.optional,
)

const targetFlag = Flag.String("target").pipe(
  Flag.withAlias("t"),
  Flag.withDescription("The base URL of the server, e.g. http://127.0.0.1:4010"),
)

const verifyFlags = {
  contract: contractFlag,
  allowSend: Flag.Redacted("allow-send").pipe(
    Flag.withDescription(
      "Your own number: a live service is sent one message that must be accepted. Without it, only what must be refused",
    ),
    Flag.optional,
  ),
  live: Flag.Boolean("live").pipe(
    Flag.withDescription("What is on this machine leads to a live service, e.g. through a proxy"),
    Flag.withDefault(false),
  ),
  runs: Flag.Int("runs").pipe(
    Flag.withDescription("How many requests are generated of each kind"),
    Flag.withDefault(100),
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("What they are generated from; the same seed makes the same requests"),
    Flag.withDefault("1"),
  ),
  timeout: Flag.Int("timeout").pipe(
    Flag.withDescription("How many seconds an answer, and the updates of a message, may take"),
    Flag.withDefault(10),
  ),
}

/** From the environment alone: what is typed on a command line is read by every other user of the machine. */
const credentials = Config.all({
  "x-sender-id": Config.Redacted("SENT_SENDER_ID"),
  "x-api-key": Config.Redacted("SENT_API_KEY"),
}).pipe(Config.option)

const webhookSecret = Config.Redacted("SENT_WEBHOOK_SECRET").pipe(Config.option)

interface VerifyFlags {
  readonly contract: Option.Option<string>
  readonly allowSend: Option.Option<Redacted.Redacted<string>>
  readonly live: boolean
  readonly runs: number
  readonly seed: string
  readonly timeout: number
}

const verifyTarget = Effect.fnUntraced(function* (
  target: string,
  { allowSend, contract, live, runs, seed, timeout }: VerifyFlags,
  secret?: Redacted.Redacted<string>,
) {
  const progress = yield* progressBar
  return yield* ContractVerify.verify({
    target,
    live,
    runs,
    seed,
    timeout: Duration.seconds(timeout),
    contract: Option.getOrUndefined(contract),
    allowSend: Option.getOrUndefined(allowSend),
    credentials: Option.getOrUndefined(yield* credentials),
    webhookSecret: secret ?? Option.getOrUndefined(yield* webhookSecret),
    onProgress: progress,
  })
}, Effect.scoped)

type Progress = (done: number, total: number) => void

/** On a terminal only, and not in what is piped. */
const progressBar: Effect.Effect<Progress | undefined, never, Scope.Scope> = Effect.suspend(() =>
  process.stderr.isTTY
    ? Effect.acquireRelease(
        Effect.sync(
          () =>
            new SingleBar({
              stream: process.stderr,
              format: "{bar} {value} of {total} cases",
              clearOnComplete: true,
            }),
        ),
        (bar) => Effect.sync(() => bar.stop()),
      ).pipe(
        Effect.map((bar): Progress => (done, total) => {
          if (done === 1) bar.start(total, 0)
          bar.update(done)
        }),
      )
    : Effect.succeed(undefined),
)

const verify = Command.make(
  "verify",
  { target: targetFlag, ...verifyFlags, ...reportFlags },
  Effect.fnUntraced(function* ({ target, ...flags }) {
    const { report } = yield* verifyTarget(target, flags)
    yield* print(report, flags)
  }, inWords),
).pipe(
  Command.withDescription(
    "Hold a server to the contract: every documented success and refusal, then generated requests. Credentials come " +
      "from SENT_SENDER_ID and SENT_API_KEY, the webhook secret from SENT_WEBHOOK_SECRET. Nothing goes to a number that " +
      "could be somebody's, but for the one that --allow-send names",
  ),
)

const coverage = Command.make(
  "coverage",
  {
    target: targetFlag.pipe(
      Flag.withDescription("The base URL of the server; a mock of its own if left out"),
      Flag.optional,
    ),
    ...verifyFlags,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ target, ...flags }) {
      const given = Option.getOrUndefined(target)
      const url = given ?? (yield* ownMock(flags.contract)).baseUrl
      const secret =
        given === undefined ? Redacted.make(MockServer.defaultWebhookSecret) : undefined
      const found = yield* verifyTarget(url, flags, secret)
      yield* print(ContractVerify.coverageReport(given ?? "the mock", found.coverage), flags)
    },
    Effect.scoped,
    inWords,
  ),
).pipe(
  Command.withDescription(
    "Show which operations, statuses, examples and callbacks of the contract verify does not exercise",
  ),
)

const ownMock = (contract: Option.Option<string>) =>
  MockServer.make({ port: 0, contract: Option.getOrUndefined(contract) })

// -----------------------------------------------------------------------------
// proxy
// -----------------------------------------------------------------------------

const proxy = Command.make(
  "proxy",
  {
    target: targetFlag.pipe(
      Flag.withDescription("The base URL of the service; https, unless it is on this machine"),
    ),
    contract: contractFlag,
    port: Flag.Int("port").pipe(
      Flag.withAlias("p"),
      Flag.withDescription("The port to listen on; 0 picks a free one"),
      Flag.withDefault(4020),
    ),
    host: Flag.String("host").pipe(
      Flag.withDescription(
        "The address to listen on; whoever reaches it can read the application's key",
      ),
      Flag.withDefault("127.0.0.1"),
    ),
    timeout: Flag.Int("timeout").pipe(
      Flag.withDescription("How many seconds the service may take to answer"),
      Flag.withDefault(120),
    ),
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ contract, output, reporter, timeout, ...options }) {
      const service = yield* ContractProxy.make({
        ...options,
        contract: Option.getOrUndefined(contract),
        timeout: Duration.seconds(timeout),
        onDeviation: (deviation) => process.stderr.write(`${toLines(deviation)}\n`),
      })
      yield* Console.error(
        `${service.baseUrl} → ${options.target}\n  SENT_BASE_URL=${service.baseUrl}\nCtrl-C ends it and prints the report.`,
      )
      // Ctrl-C is how it ends, and no reason to lose the report.
      yield* Effect.onInterrupt(Effect.never, () =>
        Effect.flatMap(service.report, (report) => print(report, { output, reporter })).pipe(
          Effect.andThen(Effect.sync(() => (interruptedWith = exitCodes.holds))),
          Effect.catch((error) =>
            Effect.sync(() => {
              interruptedWith =
                error instanceof DoesNotHold ? exitCodes.doesNotHold : exitCodes.cannotRun
            }),
          ),
        ),
      )
    },
    Effect.scoped,
    inWords,
  ),
).pipe(
  Command.withDescription(
    "Stand between an application and a service, change nothing, and report every deviation of either as it happens",
  ),
)

// -----------------------------------------------------------------------------
// effect-sent-contract
// -----------------------------------------------------------------------------

const command = Command.make("effect-sent-contract").pipe(
  Command.withSubcommands([lint, diff, verify, coverage, proxy]),
  Command.withDescription(
    "Keeps a contract, a client, a mock and a live service in agreement. It ends with 0 when everything holds, with 1 " +
      "when something does not, and with 2 when it could not be found out.",
  ),
  Command.withExamples([
    {
      command: "effect-sent-contract verify --target http://127.0.0.1:4010",
      description: "Hold a mock on this machine to the contract",
    },
    {
      command: "effect-sent-contract diff main",
      description: "Show what the working tree changes of the bundled contract",
    },
    {
      command: "effect-sent-contract proxy --target https://api.sent.dm",
      description: "Watch what an application and the service say to each other",
    },
  ]),
)

Command.run(command, { version }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ teardown }),
)
