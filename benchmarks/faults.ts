/**
 * `pnpm bench faults`: compares `@effect-sent/core` with the provider's SDK. Both send the same messages over the same faults, each
 * with its defaults: over v1, and over v3, where the SDK sends by its own method, without an idempotency key as by default, and with
 * one for each message.
 *
 *     pnpm bench faults --sends 600 --seed 1
 *     pnpm bench faults --write
 *
 * Only the time-out is not a default: the SDK's is a minute, here it is a second, so that the run ends soon. The server of v3 keeps
 * the keys of its successes, as documented. It may accept a message, fail with a 5xx, and keep no key: nothing that is published says
 * that this cannot happen.
 */
import { RetryPolicy } from "@effect-sent/core"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Sent } from "@sentdm/sentdm"
import { Console, Effect, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { readFile, writeFile } from "node:fs/promises"
import { canBeDrawn, drawFault, faultRun } from "@effect-sent/faults/FaultRun"
import { faultServer, type Keys } from "@effect-sent/faults/FaultServer"
import { keyFaults } from "@effect-sent/faults/playing/keys"
import { plainFaults } from "@effect-sent/faults/playing/plain"
import { credentials, sample } from "@effect-sent/faults/sample"
import { aligned, markdown, type Rows } from "./support/page.ts"

interface Column {
  readonly client: string
  readonly requests: number
  readonly acceptedTwice: number
  readonly notSentButAccepted: number | undefined
  readonly receiptButNotAccepted: number
  readonly unknown: number | undefined
  readonly leaked: number
}

interface Run {
  readonly sends: number
  readonly seed: number
}

const faultsOf = (keys: Keys | undefined) =>
  [...plainFaults, ...(keys === undefined ? [] : keyFaults)].filter(canBeDrawn)

// -----------------------------------------------------------------------------
// The two clients
// -----------------------------------------------------------------------------

// The defaults without delays between attempts, to save time: which requests are retried does not depend on them. And without the
// retry budget, which all messages of a client share, and would end the retries: each message of the SDK has a client of its own.
const options = { schedule: Schedule.forever, budget: false } as const
const policies = {
  v1: RetryPolicy.make({ ...options, sameKey: false }),
  v3: RetryPolicy.make(options),
}

const ours = (api: keyof typeof policies, { seed, sends }: Run) => {
  const keys: Keys | undefined = api === "v3" ? "kept" : undefined
  const run = { policy: policies[api], sends, seed, keys, faults: faultsOf(keys) }
  return Effect.map(
    faultRun({ http: FetchHttpClient.layer, ...run }),
    ({ elsewhere, lies, outcomes, requests }): Column => ({
      client: `\`@effect-sent/core\`, ${api}`,
      requests,
      ...lies,
      unknown: outcomes.unknown,
      leaked: elsewhere.credentials,
    }),
  )
}

/** Sends the message with this id. Returns whether the SDK says that it was accepted. */
type Send = (client: Sent, id: string) => Promise<boolean>

/** The SDK has no method of v1. */
const overV1: Send = async (client, id) => {
  await client.post("/v1/messages/phone", { body: { ...sample, messageBody: { id } } })
  return true
}

const overV3 =
  (key: (id: string) => object): Send =>
  async (client, id) => {
    const { success } = await client.messages.send({
      to: [sample.phoneNumber],
      template: { id: sample.templateId, parameters: { id } },
      ...key(id),
    })
    return success !== false
  }

const theirs = Effect.fnUntraced(function* (
  client: string,
  keys: Keys | undefined,
  send: Send,
  { seed, sends }: Run,
) {
  const faults = faultsOf(keys)
  const server = yield* faultServer((id, request) => drawFault(faults, seed, id, request), keys)
  const ids = Array.from({ length: sends }, (_, index) => `message-${index}`)
  const receipts = new Set<string>()
  yield* Effect.forEach(
    ids,
    (id) =>
      Effect.promise(async () => {
        const sdk = new Sent({
          apiKey: credentials.apiKey,
          baseURL: server.baseUrl,
          defaultHeaders: keys === undefined ? { "x-sender-id": credentials.senderId } : {},
          logLevel: "off",
          timeout: 1000,
          fetch: server.fetchFor(id),
        })
        try {
          if (await send(sdk, id)) receipts.add(id)
        } catch {
          // The error does not say whether the message was sent.
        }
      }),
    { concurrency: 64, discard: true },
  )
  yield* server.settle
  return {
    client: `\`@sentdm/sentdm\` 0.32.0, ${client}`,
    requests: ids.reduce((sum, id) => sum + server.requests(id), 0),
    acceptedTwice: ids.filter((id) => server.accepted(id) > 1).length,
    notSentButAccepted: undefined,
    receiptButNotAccepted: ids.filter((id) => receipts.has(id) && server.accepted(id) === 0).length,
    unknown: undefined,
    leaked: server.elsewhere.credentials,
  } satisfies Column
}, Effect.scoped)

// -----------------------------------------------------------------------------
// The table
// -----------------------------------------------------------------------------

const figures: ReadonlyArray<readonly [title: string, name: keyof Column]> = [
  ["messages accepted more than once", "acceptedTwice"],
  ["said _not sent_, but accepted", "notSentButAccepted"],
  ["said accepted, but was not", "receiptButNotAccepted"],
  ["said _unknown_", "unknown"],
  ["requests with credentials redirected", "leaked"],
]

const tableOf = (columns: ReadonlyArray<Column>): Rows => [
  ["", ...columns.map(({ client }) => client)],
  ...figures.map(([title, name]) =>
    [title].concat(columns.map((column) => String(column[name] ?? "does not say"))),
  ),
]

/** Writes the table into the README. */
const writeTable = async (rows: Rows): Promise<void> => {
  const page = new URL("../README.md", import.meta.url)
  const [begin, end] = [
    "<!-- generated by pnpm bench faults --write -->",
    "<!-- end of generated table -->",
  ]
  const [before, rest] = (await readFile(page, "utf8")).split(begin)
  if (before === undefined || rest === undefined) throw new Error("the README has no place for it")
  const after = rest.slice(rest.indexOf(end))
  await writeFile(page, `${before}${begin}\n\n${markdown(rows)}\n\n${after}`)
}

const command = Command.make(
  "faults",
  {
    sends: Flag.Int("sends").pipe(
      Flag.withDescription("The number of messages"),
      Flag.withDefault(600),
    ),
    seed: Flag.Int("seed").pipe(
      Flag.withDescription("The seed of the run; the same seed plays the same faults"),
      Flag.withDefault(1),
    ),
    write: Flag.Boolean("write").pipe(
      Flag.withDescription("Writes the table into the README; run prettier after it"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* ({ write, ...run }) {
    const columns = [
      yield* ours("v1", run),
      yield* theirs("v1", undefined, overV1, run),
      yield* ours("v3", run),
      yield* theirs(
        "v3",
        "kept",
        overV3(() => ({})),
        run,
      ),
      yield* theirs(
        "v3 with a key",
        "kept",
        overV3((id) => ({ "Idempotency-Key": id })),
        run,
      ),
    ]
    const rows = tableOf(columns)
    const requests = ["requests", ...columns.map((column) => String(column.requests))]
    yield* Console.log(`${run.sends} messages, seed ${run.seed}\n\n${aligned([...rows, requests])}`)
    if (write) yield* Effect.promise(() => writeTable(rows))
  }),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
