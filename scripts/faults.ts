/**
 * `pnpm faults`: many messages through each HTTP client to a server that fails at random and counts what it accepted.
 * Three numbers must be zero: accepted more than once, said not sent but accepted, said accepted but was not.
 */
import { RetryPolicy } from "@effect-sent/core"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { SingleBar } from "cli-progress"
import { Console, Effect, Option, Random, Schedule } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { styleText } from "node:util"
import { clients } from "@effect-sent/faults/clients"
import { faultRun, type Report } from "@effect-sent/faults/FaultRun"

// Without the waits, which a run has no time for; what is repeated does not depend on them.
const policies: ReadonlyArray<readonly [name: string, policy: RetryPolicy.RetryPolicy]> = [
  ["the default", RetryPolicy.make({ schedule: Schedule.forever })],
  [
    "ten retries, no budget",
    RetryPolicy.make({ schedule: Schedule.forever, times: 10, budget: false }),
  ],
]

const flags = {
  sends: Flag.Int("sends").pipe(
    Flag.withDescription("How many messages, with each client and each policy"),
    Flag.withDefault(20_000),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription(
      "The same seed plays the same faults to the same messages; drawn by default",
    ),
    Flag.optional,
  ),
  client: Flag.Literals("client", ["all", "fetch", "undici", "node-http"]).pipe(
    Flag.withDescription("The HTTP client"),
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
    `  accepted more than once      ${zero(lies.acceptedTwice)}`,
    `  said not sent, but accepted  ${zero(lies.notSentButAccepted)}`,
    `  said accepted, but was not   ${zero(lies.receiptButNotAccepted)}`,
    `  credentials sent elsewhere   ${zero(elsewhere.credentials)}`,
    paint(
      "dim",
      `  ${requests} requests, ${accepted} messages accepted; said: ${outcomes.accepted} accepted, ` +
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
    yield* Console.log(`${sends} messages a run, seed ${seed}\n`)
    let lied = false
    for (const [name, http] of clients) {
      if (client !== "all" && names[client] !== name) continue
      for (const [policyName, policy] of policies) {
        const title = `${name}, ${policyName}`
        // On a terminal only, and not in what is piped.
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
    const cause = new Error(`The promise is broken; --seed ${seed} shows it again`)
    yield* lied ? Effect.fail(new CliError.UserError({ cause })) : Effect.void
  }),
).pipe(Command.withDescription("Holds the promise against servers that fail at random."))

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
