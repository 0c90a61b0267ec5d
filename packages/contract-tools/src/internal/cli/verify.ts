/** `effect-sent-contract verify`, and what `coverage` shares with it. */
import { SingleBar } from "cli-progress"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as ContractReport from "../../ContractReport.ts"
import * as ContractVerify from "../../ContractVerify.ts"
import { parseTarget } from "../target.ts"
import { contractFlag, targetFlag } from "./contract.ts"
import { interruptedCode, withMessages } from "./exit.ts"
import { failOnFlag, openReport, type Print, reportFlags } from "./report.ts"

export const verifyFlags = {
  contract: contractFlag,
  allowSend: Flag.Redacted("allow-send").pipe(
    Flag.withDescription(
      "Your own phone number: a live service is sent one message to it. Without it, only requests that must be " +
        "rejected are sent",
    ),
    Flag.optional,
  ),
  live: Flag.Boolean("live").pipe(
    Flag.withDescription("Treat a loopback target as live, for example a proxy to the service"),
    Flag.withDefault(false),
  ),
  sandbox: Flag.Boolean("sandbox").pipe(
    Flag.withDescription(
      "Treat a target that is not on this machine as a mock, for example in a container or a test environment: it gets " +
        "every case. Nothing that is sent can reach a person",
    ),
    Flag.withDefault(false),
  ),
  skipWithoutCredentials: Flag.Boolean("skip-without-credentials").pipe(
    Flag.withDescription(
      "Without credentials in the environment, report a live target as skipped and exit with 0 in place of 2: for " +
        "workflows of forks, which have no secrets",
    ),
    Flag.withDefault(false),
  ),
  only: Flag.String("only").pipe(
    Flag.withDescription("Run only the cases whose name contains this text; may be repeated"),
    Flag.atLeast(0),
  ),
  updates: Flag.Boolean("updates").pipe(
    Flag.withDescription("Receive the updates of a mock and check them"),
    Flag.withDefault(true),
  ),
  receiverHost: Flag.String("receiver-host").pipe(
    Flag.withDescription(
      "The name or address of this machine as the target sees it, for example host.docker.internal; the port of the " +
        "receiver, if it is forwarded, after a colon",
    ),
    Flag.optional,
  ),
  runs: Flag.Int("runs").pipe(
    Flag.withDescription("How many requests of each kind to generate"),
    Flag.withDefault(100),
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription(
      "The seed of the generated requests; the same seed generates the same requests",
    ),
    Flag.withDefault("1"),
  ),
  timeout: Flag.Int("timeout").pipe(
    Flag.withDescription(
      "How many seconds to wait for a response, and for the updates of a message",
    ),
    Flag.withDefault(10),
  ),
}

interface VerifyFlags {
  readonly contract: Option.Option<string>
  readonly allowSend: Option.Option<Redacted.Redacted<string>>
  readonly live: boolean
  readonly sandbox: boolean
  readonly skipWithoutCredentials: boolean
  readonly only: ReadonlyArray<string>
  readonly updates: boolean
  readonly receiverHost: Option.Option<string>
  readonly runs: number
  readonly seed: string
  readonly timeout: number
}

/** From the environment only: other users of the machine can read a command line. */
const credentials = Config.all({
  "x-sender-id": Config.option(Config.Redacted("SENT_SENDER_ID")),
  "x-api-key": Config.option(Config.Redacted("SENT_API_KEY")),
})

const webhookSecret = Config.Redacted("SENT_WEBHOOK_SECRET").pipe(Config.option)

/** Undefined without credentials. Which of them are needed, the contract says. */
const readCredentials = Effect.gen(function* () {
  const given = Object.entries(yield* credentials).flatMap(([name, value]) =>
    Option.isSome(value) ? [[name, value.value] as const] : [],
  )
  return given.length === 0 ? undefined : Object.fromEntries(given)
})

export const verifyTarget = Effect.fnUntraced(function* (
  target: string,
  flags: VerifyFlags,
  {
    onInterrupt,
    secret,
  }: Pick<ContractVerify.VerifyOptions, "onInterrupt"> & {
    readonly secret?: Redacted.Redacted<string> | undefined
  },
) {
  const { allowSend, contract, only, receiverHost, skipWithoutCredentials, timeout } = flags
  const { live, runs, sandbox, seed, updates } = flags
  const given = yield* readCredentials
  if (given === undefined && skipWithoutCredentials && isLive(target, flags)) return skipped(target)
  const progress = yield* progressBar
  return yield* ContractVerify.verify({
    target,
    live,
    sandbox,
    runs,
    seed,
    updates,
    only: only.length === 0 ? undefined : only,
    timeout: Duration.seconds(timeout),
    contract: Option.getOrUndefined(contract),
    allowSend: Option.getOrUndefined(allowSend),
    receiverHost: Option.getOrUndefined(receiverHost),
    credentials: given,
    webhookSecret: secret ?? Option.getOrUndefined(yield* webhookSecret),
    onProgress: progress,
    onInterrupt,
  })
}, Effect.scoped)

const isLive = (target: string, { live, sandbox }: VerifyFlags): boolean => {
  const parsed = parseTarget(target, sandbox)
  return typeof parsed !== "string" && !sandbox && (live || !parsed.isLocal)
}

const skipped = (target: string): ContractVerify.Verification => ({
  coverage: [],
  untested: [],
  report: {
    title: `verify ${target}`,
    checks: [
      {
        group: "operations",
        name: target,
        skipped: "no credentials: set SENT_API_KEY and, for v1, SENT_SENDER_ID",
        findings: [],
      },
    ],
    summary: ["nothing was sent, and nothing is proven"],
  },
})

/** Fails, naming it, if something should have been tested and could not be. */
export const failIfUntested = ({
  untested,
}: ContractVerify.Verification): Effect.Effect<void, CliError.UserError> => {
  if (untested.length === 0) return Effect.void
  const lines = [...Map.groupBy(untested, ({ reason }) => reason)].map(([reason, all]) => {
    const names = all.slice(0, 3).map(({ name }) => name)
    const others = all.length > 3 ? ` and ${all.length - 3} more` : ""
    return `not tested: ${names.join(", ")}${others}: ${reason}`
  })
  return Effect.fail(new CliError.UserError({ cause: new Error(lines.join("\n")) }))
}

/** Prints what is known. The exit code says that the command was interrupted. A second Ctrl-C does not wait for the reader. */
export const printInterrupted = (
  print: Print,
  report: ContractReport.Report,
): Effect.Effect<void> =>
  Effect.andThen(
    Effect.sync(() => process.once("SIGINT", () => process.exit(interruptedCode))),
    Effect.ignore(print(report, "none")),
  )

type Progress = (done: number, total: number) => void

/** On a terminal only. */
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

export const verify = Command.make(
  "verify",
  { target: targetFlag, ...verifyFlags, failOn: failOnFlag, ...reportFlags },
  Effect.fnUntraced(
    function* ({ failOn, target, ...flags }) {
      const print = yield* openReport(flags)
      const verification = yield* verifyTarget(target, flags, {
        onInterrupt: (known) => printInterrupted(print, known.report),
      })
      yield* print(verification.report, failOn)
      yield* failIfUntested(verification)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Verify that a server implements the contract: every documented success and error, then generated requests. " +
      "Credentials are read from SENT_SENDER_ID and SENT_API_KEY (for v3, the key alone), the webhook secret from SENT_WEBHOOK_SECRET. No " +
      "message is sent to a real phone number, except to the one that --allow-send names. Exits with 2 if something " +
      "could not be tested",
  ),
)
