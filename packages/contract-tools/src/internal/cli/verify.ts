/** `effect-sent-contract verify`, and what `coverage` shares with it. */
import { SingleBar } from "cli-progress"
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
  readonly runs: number
  readonly seed: string
  readonly timeout: number
}

/** From the environment only: other users of the machine can read a command line. */
const credentials = Config.all({
  "x-sender-id": Config.Redacted("SENT_SENDER_ID"),
  "x-api-key": Config.Redacted("SENT_API_KEY"),
}).pipe(Config.option)

const webhookSecret = Config.Redacted("SENT_WEBHOOK_SECRET").pipe(Config.option)

export const verifyTarget = Effect.fnUntraced(function* (
  target: string,
  { allowSend, contract, live, runs, seed, timeout }: VerifyFlags,
  {
    onInterrupt,
    secret,
  }: Pick<ContractVerify.VerifyOptions, "onInterrupt"> & {
    readonly secret?: Redacted.Redacted<string> | undefined
  },
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
    onInterrupt,
  })
}, Effect.scoped)

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
      const { report } = yield* verifyTarget(target, flags, {
        onInterrupt: (known) => printInterrupted(print, known.report),
      })
      yield* print(report, failOn)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Verify that a server implements the contract: every documented success and error, then generated requests. " +
      "Credentials are read from SENT_SENDER_ID and SENT_API_KEY, the webhook secret from SENT_WEBHOOK_SECRET. No " +
      "message is sent to a real phone number, except to the one that --allow-send names",
  ),
)
