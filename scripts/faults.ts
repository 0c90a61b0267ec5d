/**
 * `pnpm faults`: sends many messages through each HTTP client to a server that fails at random and counts the messages that it
 * accepted. Three numbers must be zero: messages accepted more than once, messages reported as not sent but accepted, and
 * messages reported as accepted but not accepted.
 */
import { RetryPolicy } from "@effect-sent/core"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { SingleBar } from "cli-progress"
import { Console, Effect, Option, Random, Schedule } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { styleText } from "node:util"
import { clients } from "@effect-sent/faults/clients"
import { faultRun, type Report } from "@effect-sent/faults/FaultRun"

// Without delays between attempts, to save time. Which requests are retried does not depend on the delays.
const policies: ReadonlyArray<readonly [name: string, policy: RetryPolicy.RetryPolicy]> = [
  ["the default", RetryPolicy.make({ schedule: Schedule.forever })],
  [
    "ten retries, no budget",
    RetryPolicy.make({ schedule: Schedule.forever, times: 10, budget: false }),
  ],
]

const flags = {
  sends: Flag.Int("sends").pipe(
    Flag.withDescription("The number of messages for each client and each policy"),
    Flag.withDefault(20_000),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription(
      "The seed of the run; the same seed plays the same faults to the same messages; random by default",
    ),
    Flag.optional,
  ),
  client: Flag.Literals("client", ["all", "fetch", "undici", "node-http"]).pipe(
    Flag.withDescription("The HTTP client to test"),
    Flag.withDefault("all"),
  ),
}

const names = {
  fetch: "FetchHttpClient",
  undici: "NodeHttpClient.layerUndici",
  "node-http": "NodeHttpClient.layerNodeHttp",
}

type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

const zero = (count: number): string => paint(count === 0 ? "green" : "red", String(count))

const show = (title: string, { accepted, elsewhere, lies, outcomes, requests }: Report): string =>
  [
    paint("bold", title),
    `  accepted more than once              ${zero(lies.acceptedTwice)}`,
    `  reported not sent, but accepted      ${zero(lies.notSentButAccepted)}`,
    `  reported accepted, but not accepted  ${zero(lies.receiptButNotAccepted)}`,
    `  credentials sent to another server   ${zero(elsewhere.credentials)}`,
    paint(
      "dim",
      `  ${requests} requests, ${accepted} messages accepted; reported: ${outcomes.accepted} accepted, ` +
        `${outcomes["not-sent"]} not sent, ${outcomes.unknown} unknown, ${outcomes.interrupted} interrupted`,
    ),
  ].join("\n")

const hasLies = ({ elsewhere, lies }: Report): boolean =>
  [...Object.values(lies), elsewhere.credentials].some((count) => count > 0)

const command = Command.make(
  "faults",
  flags,
  Effect.fnUntraced(function* ({ client, seed: given, sends }) {
    const seed = Option.isSome(given) ? given.value : yield* Random.nextIntBetween(1, 2 ** 31)
    yield* Console.log(`${sends} messages per run, seed ${seed}\n`)
    let lied = false
    for (const [name, http] of clients) {
      if (client !== "all" && names[client] !== name) continue
      for (const [policyName, policy] of policies) {
        const title = `${name}, ${policyName}`
        // Only on a terminal: piped output must not contain a progress bar.
        const bar = process.stderr.isTTY
          ? new SingleBar({ stream: process.stderr, format: `${title} {bar} {value} of {total}` })
          : undefined
        bar?.start(sends, 0)
        const report = yield* faultRun({
          http,
          policy,
          seed,
          sends,
          onProgress: (ended) => bar?.update(ended),
        }).pipe(Effect.ensuring(Effect.sync(() => bar?.stop())))
        lied ||= hasLies(report)
        yield* Console.log(`${show(title, report)}\n`)
      }
    }
    const cause = new Error(
      `A guarantee was violated; run again with --seed ${seed} to reproduce it`,
    )
    yield* lied ? Effect.fail(new CliError.UserError({ cause })) : Effect.void
  }),
).pipe(
  Command.withDescription("Checks the guarantees of a send against a server that fails at random."),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
