/**
 * `pnpm bench faults`: compares `@effect-sent/core` with the provider's SDK. Both send the same messages over the same faults, each
 * with its defaults.
 *
 *     pnpm bench faults --sends 600 --seed 1
 *
 * Only the time-out is not a default: the SDK's is a minute, here it is a second, so that the run ends soon. Both call the same
 * endpoint, and the SDK retries every request by the same rules.
 */
import { RetryPolicy } from "@effect-sent/core"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Sent } from "@sentdm/sentdm"
import { Console, Effect, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { styleText } from "node:util"
import { drawFault, faultRun } from "@effect-sent/faults/FaultRun"
import { faultServer } from "@effect-sent/faults/FaultServer"
import { plainFaults } from "@effect-sent/faults/playing/plain"
import { credentials, sample } from "@effect-sent/faults/sample"

interface Row {
  readonly client: string
  readonly requests: number
  readonly acceptedTwice: number
  readonly notSentButAccepted: number | undefined
  readonly receiptButNotAccepted: number
  readonly leaked: number
}

// -----------------------------------------------------------------------------
// The two clients
// -----------------------------------------------------------------------------

// The default without delays between attempts, to save time. Which requests are retried does not depend on the delays.
const policy = RetryPolicy.make({ schedule: Schedule.forever })

const ours = (sends: number, seed: number) =>
  Effect.map(
    faultRun({ http: FetchHttpClient.layer, policy, sends, seed, faults: plainFaults }),
    ({ elsewhere, lies, requests }): Row => ({
      client: "@effect-sent/core",
      requests,
      ...lies,
      leaked: elsewhere.credentials,
    }),
  )

const theirs = Effect.fnUntraced(function* (sends: number, seed: number) {
  const server = yield* faultServer((id, request) => drawFault(plainFaults, seed, id, request))
  const ids = Array.from({ length: sends }, (_, index) => `message-${index}`)
  const receipts = new Set<string>()
  yield* Effect.forEach(
    ids,
    (id) =>
      Effect.promise(async () => {
        const client = new Sent({
          apiKey: credentials.apiKey,
          baseURL: server.baseUrl,
          defaultHeaders: { "x-sender-id": credentials.senderId },
          logLevel: "off",
          timeout: 1000,
          // Only changes the address, to the one that plays the fault of this request.
          fetch: async (url, init) =>
            fetch(
              `${await Effect.runPromise(server.door(id))}${new URL(new Request(url).url).pathname}`,
              init,
            ),
        })
        try {
          await client.post("/v1/messages/phone", {
            body: { ...sample, messageBody: { id } },
          })
          receipts.add(id)
        } catch {
          // The error does not say whether the message was sent.
        }
      }),
    { concurrency: 64, discard: true },
  )
  yield* server.settle
  return {
    client: "@sentdm/sentdm",
    requests: ids.reduce((sum, id) => sum + server.requests(id), 0),
    acceptedTwice: ids.filter((id) => server.accepted(id) > 1).length,
    notSentButAccepted: undefined,
    receiptButNotAccepted: ids.filter((id) => receipts.has(id) && server.accepted(id) === 0).length,
    leaked: server.elsewhere.credentials,
  } satisfies Row
}, Effect.scoped)

// -----------------------------------------------------------------------------
// The table
// -----------------------------------------------------------------------------

const show = (rows: ReadonlyArray<Row>): Effect.Effect<void> =>
  Effect.forEach(
    [
      ["requests sent", "requests"],
      ["messages accepted more than once", "acceptedTwice"],
      ["reported not sent, but accepted", "notSentButAccepted"],
      ["reported accepted, but not accepted", "receiptButNotAccepted"],
      ["credentials sent to another server", "leaked"],
    ] as const,
    ([title, key]) =>
      Console.log(
        `${title.padEnd(36)}${rows
          .map((row) => String(row[key] ?? "not reported").padStart(20))
          .join("")}`,
      ),
    { discard: true },
  )

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
  },
  Effect.fnUntraced(function* ({ seed, sends }) {
    const rows = [yield* ours(sends, seed), yield* theirs(sends, seed)]
    yield* Console.log(
      styleText("bold", `${sends} messages, seed ${seed}`.padEnd(36), { stream: process.stdout }) +
        rows.map(({ client }) => client.padStart(20)).join(""),
    )
    yield* show(rows)
  }),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
