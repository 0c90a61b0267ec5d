/**
 * `pnpm send`: sends one message from the command line, or one message for each line of a CSV file.
 */
import { BulkSender, SentClient, SentCredentials, type SendToPhone } from "@effect-sent/core"
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { SingleBar } from "cli-progress"
import { type Info, parse } from "csv-parse"
import { Console, DateTime, Effect, Layer, Option, Result, Runtime, Stream } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { createReadStream } from "node:fs"
import {
  checkOf,
  type Earlier,
  type Journal,
  type Line,
  openJournal,
  readEarlier,
} from "./journal.ts"

// -----------------------------------------------------------------------------
// Exit codes
// -----------------------------------------------------------------------------

/** Ends the program with an exit code other than 0. The program prints `message`. */
class Ended extends Error {
  override readonly name = "Ended"
  override readonly [Runtime.errorExitCode]: number
  constructor(exitCode: number, message: string) {
    super(message)
    this[Runtime.errorExitCode] = exitCode
  }
  override get [CliError.userMessage](): string {
    return this.message
  }
}

const exitCodes = { usage: 1, rejected: 2, unknown: 3 }

const usage = (cause: unknown): Ended =>
  new Ended(exitCodes.usage, cause instanceof Error ? cause.message : String(cause))

const SentLive = SentClient.layerConfig().pipe(
  Layer.provide(SentCredentials.layerConfig()),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.catch((error) =>
    Layer.effect(
      SentClient.SentClient,
      Effect.fail(
        usage(
          error._tag === "ConfigError"
            ? `set SENT_SENDER_ID and SENT_API_KEY in the environment: ${error.message}`
            : error,
        ),
      ),
    ),
  ),
)

// -----------------------------------------------------------------------------
// One message
// -----------------------------------------------------------------------------

const sendOne = (input: SendToPhone.Input) =>
  SentClient.sendToPhone(input).pipe(
    Effect.andThen((receipt) =>
      Console.log(`accepted at ${DateTime.formatIso(receipt.acceptedAt)}`),
    ),
    Effect.catchTag("SentError", (error) =>
      Effect.fail(
        new Ended(exitCodes[error.delivery === "unknown" ? "unknown" : "rejected"], error.message),
      ),
    ),
  )

// -----------------------------------------------------------------------------
// One message for each line
// -----------------------------------------------------------------------------

interface Message {
  readonly line: Line
  readonly input: SendToPhone.Input
}

type Fields = Readonly<Record<string, string>>

/** Reads the messages of a file. Every column other than to, template and webhook is a variable of the template. */
const readMessages = (file: string, template: string | undefined) =>
  Stream.suspend(() => {
    const source = createReadStream(file)
    const records = source.pipe(
      parse({ bom: true, columns: true, info: true, skip_empty_lines: true }),
    )
    // `pipe` does not forward errors.
    source.on("error", (error) => records.destroy(error))
    return Stream.fromAsyncIterable(records, usage)
  }).pipe(
    Stream.map(({ info, record }: { readonly info: Info; readonly record: Fields }): Message => {
      const { template: own = "", to = "", webhook = "", ...variables } = record
      return {
        line: { number: info.lines, check: checkOf(record) },
        input: {
          phoneNumber: to,
          templateId: own === "" ? (template ?? "") : own,
          messageBody: variables,
          webhookUrl: webhook === "" ? undefined : webhook,
        },
      }
    }),
  )

/** Checks the whole file before anything is sent. Returns the number of messages. */
const countMessages = ({ file, template }: Bulk, earlier: Earlier) =>
  Stream.runFoldEffect(
    readMessages(file, template),
    () => 0,
    (count, { input, line }) =>
      Effect.try({
        try: () => {
          earlier.outcome(line)
          if (JSON.stringify(input).includes("\uFFFD")) {
            throw new Error(`${file}: line ${line.number} is not UTF-8`)
          }
          if (count === 0 && input.phoneNumber === "") {
            throw new Error(`${file}: the column "to" is missing or empty in the first line`)
          }
          if (count === 0 && input.templateId === "") {
            throw new Error(
              `${file}: no template; add a column "template" or pass the flag --template`,
            )
          }
          return count + 1
        },
        catch: usage,
      }),
  )

interface Left {
  readonly accepted: number
  readonly unknown: number
}

interface Bulk {
  readonly file: string
  readonly out: string
  readonly template: string | undefined
  readonly concurrency: number
  readonly resume: boolean
}

const sendMany = Effect.fnUntraced(function* (bulk: Bulk) {
  const { concurrency, file, out, resume, template } = bulk
  const earlier = yield* Effect.try({ try: () => readEarlier(out, resume), catch: usage })
  const total = yield* countMessages(bulk, earlier)
  yield* Effect.try({ try: () => earlier.assertComplete(), catch: usage })
  const journal = yield* Effect.acquireRelease(
    Effect.try({ try: () => openJournal(out), catch: usage }),
    (open) => Effect.sync(() => open.close()),
  )
  const sent = yield* SentClient.SentClient
  // Only on a terminal: piped output must not contain a progress bar.
  const bar = process.stderr.isTTY
    ? new SingleBar({
        stream: process.stderr,
        format: "{bar} {value} of {total} lines, {eta_formatted} left",
      })
    : undefined
  yield* Effect.acquireRelease(
    Effect.sync(() => bar?.start(total, 0)),
    () => Effect.sync(() => bar?.stop()),
  )

  // The line of each input.
  const lineOf = new WeakMap<SendToPhone.Input, Line>()
  // The number of messages that an earlier run has sent or may have sent.
  const left = { accepted: 0, unknown: 0 }
  const summary = yield* BulkSender.run(
    readMessages(file, template).pipe(
      Stream.filter(({ line }) => {
        const outcome = earlier.outcome(line)
        if (outcome === undefined || outcome === "rejected") return true
        left[outcome === "accepted" ? "accepted" : "unknown"] += 1
        bar?.increment()
        return false
      }),
      Stream.map(({ input, line }) => {
        lineOf.set(input, line)
        return input
      }),
    ),
    { concurrency, onProgress: () => Effect.sync(() => bar?.increment()) },
  ).pipe(Effect.provideService(SentClient.SentClient, journaled(sent, journal, lineOf)))
  bar?.stop()
  yield* Console.log(describe(summary, left, out))
  yield* Effect.fromResult(verdict(summary, left))
})

/** Decides the exit code. */
const verdict = (
  { accepted, total, unknown: now }: BulkSender.Summary,
  { unknown: earlier }: Left,
): Result.Result<void, Ended> => {
  const unknown = now + earlier
  if (unknown > 0) {
    return Result.fail(
      new Ended(
        exitCodes.unknown,
        `${unknown} may have been sent: check before you send them again`,
      ),
    )
  }
  return total > accepted
    ? Result.fail(
        new Ended(
          exitCodes.rejected,
          `${total - accepted} were not sent: fix the causes and run again with --resume`,
        ),
      )
    : Result.void
}

/** A client that records the start and the outcome of each send in the journal. */
const journaled = (
  { sendToPhone }: SentClient.SentClient["Service"],
  journal: Journal,
  lineOf: WeakMap<SendToPhone.Input, Line>,
): SentClient.SentClient["Service"] => ({
  sendToPhone: (input, options) =>
    Effect.suspend(() => {
      const line = lineOf.get(input)
      if (line === undefined) return sendToPhone(input, options)
      journal.write(line, { outcome: "started" })
      return Effect.tap(Effect.result(sendToPhone(input, options)), (result) =>
        Effect.sync(() => {
          if (Result.isSuccess(result)) {
            journal.write(line, { outcome: "accepted", attempts: result.success.attempts })
            return
          }
          const { attempts, delivery, message, reason } = result.failure
          journal.write(line, {
            outcome: delivery === "unknown" ? "unknown" : "rejected",
            reason: reason._tag,
            message,
            attempts,
          })
        }),
      ).pipe(Effect.flatMap(Effect.fromResult))
    }),
})

const describe = (
  { accepted, rejected, total, unknown }: BulkSender.Summary,
  left: Left,
  out: string,
): string => {
  const reasons = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`)
  return [
    `${total} sent: ${accepted} accepted, ${total - accepted - unknown} not sent` +
      `${reasons.length === 0 ? "" : ` (${reasons.join(", ")})`}, ${unknown} unknown`,
    ...(left.accepted + left.unknown === 0
      ? []
      : [`skipped: ${left.accepted} accepted and ${left.unknown} unknown in earlier runs`]),
    `results by line: ${out}`,
  ].join("\n")
}

// -----------------------------------------------------------------------------
// Command line
// -----------------------------------------------------------------------------

const optional = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> =>
  Flag.map(Flag.optional(flag), Option.getOrUndefined)

const flags = {
  to: Flag.String("to").pipe(
    Flag.withDescription("The phone number of one message, e.g. +1234567890"),
    optional,
  ),
  template: Flag.String("template").pipe(
    Flag.withDescription(
      "The template's GUID; with --csv, the default for lines without a template",
    ),
    optional,
  ),
  variables: Flag.KeyValuePair("var").pipe(
    Flag.withDescription("A variable of the template, name=value; may be repeated"),
    optional,
  ),
  webhook: Flag.String("webhook").pipe(
    Flag.withDescription("The URL to which delivery updates are sent"),
    optional,
  ),
  csv: Flag.String("csv").pipe(
    Flag.withDescription(
      "A file with one message per line: the columns to, template (or the flag) and webhook (optional); every other column is a variable of the template",
    ),
    optional,
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription(
      "The result file of --csv; by default, the name of the file plus .results.csv",
    ),
    optional,
  ),
  resume: Flag.Boolean("resume").pipe(
    Flag.withDescription(
      "Continue after the last run: lines whose result is accepted, unknown or started are not sent again",
    ),
    Flag.withDefault(false),
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withDescription("The maximum number of concurrent sends of --csv"),
    Flag.withDefault(8),
  ),
}

const command = Command.make(
  "send",
  flags,
  Effect.fnUntraced(
    function* ({ concurrency, csv, out, resume, template, to, variables, webhook }) {
      if ((to === undefined) === (csv === undefined)) {
        return yield* Effect.fail(usage("Pass either --to for one message or --csv for many"))
      }
      if (csv !== undefined) {
        if (variables !== undefined || webhook !== undefined) {
          return yield* Effect.fail(
            usage("--var and --webhook require --to; with --csv, use columns of the file"),
          )
        }
        if (concurrency < 1) {
          return yield* Effect.fail(usage("--concurrency must be at least 1"))
        }
        return yield* sendMany({
          file: csv,
          out: out ?? `${csv}.results.csv`,
          template,
          concurrency,
          resume,
        })
      }
      return yield* sendOne({
        phoneNumber: to ?? "",
        templateId: template ?? "",
        messageBody: variables,
        webhookUrl: webhook,
      })
    },
    Effect.scoped,
    Effect.provide(SentLive),
  ),
).pipe(
  Command.withDescription(
    "Sends messages through Sent.dm. Set the credentials in SENT_SENDER_ID and SENT_API_KEY, and optionally the base URL of the API in SENT_BASE_URL.\n\n" +
      "Exit codes: 0 all messages were accepted; 1 the command, the file or the configuration is invalid and nothing was sent; " +
      "2 some messages were not sent; 3 some messages may have been sent; 130 Ctrl-C.",
  ),
  Command.withExamples([
    {
      command:
        "send --to +1234567890 --template 7ba7b820-9dad-11d1-80b4-00c04fd430c8 --var name=John",
      description: "Send one message",
    },
    {
      command: "send --csv customers.csv --template 7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      description: "Send one message for each line",
    },
    {
      command: "send --csv customers.csv --resume",
      description: "Continue after Ctrl-C, or send the lines that were not sent",
    },
  ]),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
