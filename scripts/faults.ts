/**
 * `pnpm faults`: sends messages through each HTTP client to a server that fails and counts the messages that it accepted: first one
 * message for each fault, then many that meet faults at random. Three numbers must be zero: messages accepted more than once,
 * messages reported as not sent but accepted, and messages reported as accepted but not accepted.
 */
import { RetryPolicy } from "@effect-sent/core"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { SingleBar } from "cli-progress"
import { Console, Effect, Option, Random, Schedule } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { styleText } from "node:util"
import {
  clients,
  configuredClients,
  http2Client,
  type NamedClient,
} from "@effect-sent/faults/clients"
import { faultRun, type Lies, type Report } from "@effect-sent/faults/FaultRun"
import type { Keys } from "@effect-sent/faults/FaultServer"
import { endsSession, faultKinds, faults, isAgainstRfc9113 } from "@effect-sent/faults/faults"
import { isOverSession, meet, type Meeting, rightClaims } from "@effect-sent/faults/Meeting"
import { keyFaults } from "@effect-sent/faults/playing/keys"

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
    Flag.withDescription("The HTTP clients to test"),
    Flag.withDefault("all"),
  ),
  api: Flag.Literals("api", ["v1", "v3", "v3-forgetful"]).pipe(
    Flag.withDescription(
      "The API to send over; v3-forgetful forgets idempotency keys, so that messages are accepted twice",
    ),
    Flag.withDefault("v1"),
  ),
}

const keysOf: Readonly<Record<"v1" | "v3" | "v3-forgetful", Keys | undefined>> = {
  v1: undefined,
  v3: "kept",
  "v3-forgetful": "forgotten",
}

const families = {
  all: /./,
  fetch: /^Fetch/,
  undici: /undici/i,
  "node-http": /node:?http$|^node:http/i,
}

type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

const zero = (count: number): string => paint(count === 0 ? "green" : "red", String(count))

/** How many sends are unknown, by the last failure of each. */
const reasonsOf = (unknown: Report["unknown"]): string => {
  const counts = new Map<string, number>()
  for (const { error } of unknown) {
    const tag = error?.reason._tag ?? ""
    counts.set(tag, (counts.get(tag) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([tag, count]) => `${tag} ${count}`)
    .join(", ")
}

const show = (
  title: string,
  { accepted, elsewhere, lies, outcomes, requests, unknown }: Report,
): string =>
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
    paint("dim", `  unknown after: ${reasonsOf(unknown)}`),
  ].join("\n")

const hasLies = ({ elsewhere, lies }: Pick<Report, "elsewhere" | "lies">): boolean =>
  [...Object.values(lies), elsewhere.credentials].some((count) => count > 0)

// -----------------------------------------------------------------------------
// One message for each fault
// -----------------------------------------------------------------------------

interface Tally {
  readonly client: string
  /** The claims by the kind of the fault: accepted, not sent, unknown. */
  readonly claims: ReadonlyMap<string, Record<Meeting["sent"]["claim"], number>>
  /** The requests that the client repeated by itself. */
  readonly repeated: number
  /** The faults about which the client said something false, or less than can be known. */
  readonly wrong: ReadonlyArray<string>
}

/** A server that accepts a message and says that it did not, against RFC 9113, has it twice. Core cannot prevent that. */
const withoutLawlessness = ({ fault, isOverHttp2, lies }: Meeting): Lies =>
  isOverHttp2 && isAgainstRfc9113(fault) ? { ...lies, acceptedTwice: 0 } : lies

const meetEachFault = Effect.fnUntraced(function* ([client, http]: NamedClient) {
  const claims = new Map<string, Record<Meeting["sent"]["claim"], number>>()
  const wrong: Array<string> = []
  let repeated = 0
  for (const [kind, ofKind] of Object.entries(faultKinds)) {
    const counts = { accepted: 0, "not-sent": 0, unknown: 0 }
    claims.set(kind, counts)
    for (const fault of ofKind) {
      const met = yield* meet({ http, fault, policy: RetryPolicy.none })
      counts[met.sent.claim] += 1
      repeated += Math.max(0, met.requests - met.sent.attempts)
      const isTrue = !hasLies({ lies: withoutLawlessness(met), elsewhere: met.elsewhere })
      if (!isTrue || !rightClaims(client, met).includes(met.sent.claim)) {
        wrong.push(
          `${fault.name}: ${met.sent.claim}, ${met.accepted} accepted, ${met.requests} requests`,
        )
      }
    }
  }
  return { client, claims, repeated, wrong } satisfies Tally
})

const row = (cells: ReadonlyArray<string>): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(34) : cell.padStart(16))).join("")

const showTallies = (tallies: ReadonlyArray<Tally>): string => {
  const kinds = Object.keys(faultKinds)
  return [
    paint("bold", row(["accepted / not sent / unknown", ...kinds, "repeated by it", "wrong"])),
    ...tallies.map(
      ({ claims, client, repeated, wrong }) =>
        row([
          client,
          ...kinds.map((kind) => Object.values(claims.get(kind) ?? {}).join(" / ")),
          String(repeated),
          "",
        ]).slice(0, -1) + zero(wrong.length),
    ),
    ...tallies.flatMap(({ client, wrong }) =>
      wrong.map((what) => paint("red", `${client}: ${what}`)),
    ),
  ].join("\n")
}

// -----------------------------------------------------------------------------
// Many at random
// -----------------------------------------------------------------------------

/** What the server says as it ends a session is false of the other streams that it has accepted. */
const drawnFor = (client: string, keys: Keys | undefined) => {
  if (keys !== undefined) return [...faults.filter((fault) => !isOverSession(fault)), ...keyFaults]
  return client === http2Client
    ? faults.filter((fault) => !isAgainstRfc9113(fault) && !endsSession(fault))
    : faults
}

/** A bar on a terminal; nothing in a pipe. */
const progress = (title: string, total: number): SingleBar | undefined => {
  if (!process.stderr.isTTY) return undefined
  const bar = new SingleBar({ stream: process.stderr, format: `${title} {bar} {value} of {total}` })
  bar.start(total, 0)
  return bar
}

const command = Command.make(
  "faults",
  flags,
  Effect.fnUntraced(function* ({ api, client, seed: given, sends }) {
    const keys = keysOf[api]
    const seed = Option.isSome(given) ? given.value : yield* Random.nextIntBetween(1, 2 ** 31)
    yield* Console.log(`${sends} messages per run, seed ${seed}\n`)
    const tested = [...clients, ...configuredClients].filter(([name]) =>
      families[client].test(name),
    )
    const tallies: Array<Tally> = []
    const each = progress("each fault", tested.length)
    // Each fault alone is met over v1.
    for (const one of keys === undefined ? tested : []) {
      tallies.push(yield* meetEachFault(one))
      each?.increment()
    }
    each?.stop()
    if (keys === undefined) yield* Console.log(`${showTallies(tallies)}\n`)

    let lied = tallies.some(({ wrong }) => wrong.length > 0)
    for (const [name, http] of tested) {
      for (const [policyName, policy] of policies) {
        const title = `${name}, ${policyName}`
        const bar = progress(title, sends)
        const report = yield* faultRun({
          http,
          policy,
          seed,
          sends,
          keys,
          faults: drawnFor(name, keys),
          onProgress: (ended) => bar?.update(ended),
        }).pipe(Effect.ensuring(Effect.sync(() => bar?.stop())))
        lied ||= hasLies(report) && keys !== "forgotten"
        yield* Console.log(`${show(title, report)}\n`)
      }
    }
    const cause = new Error(
      `A guarantee was violated; run again with --seed ${seed} to reproduce it`,
    )
    yield* lied ? Effect.fail(new CliError.UserError({ cause })) : Effect.void
  }),
).pipe(Command.withDescription("Checks the guarantees of a send against a server that fails."))

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
