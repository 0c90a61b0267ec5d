/**
 * `pnpm bench verify`: how many calls are verified in a second, beside `standardwebhooks` on the same bytes. Both are
 * given the same body, headers and secret in turn, round by round, so that whatever else the machine does slows both.
 */
import { SentWebhook } from "@effect-sent/core"
import { Console, Effect } from "effect"
import { Webhook } from "standardwebhooks"

const secret = `whsec_${Buffer.from("a key of the benchmark, no other").toString("base64")}`
const rounds = 15
const callsInRound = 4000

const body = JSON.stringify({
  field: "message",
  sub_type: "message.delivered",
  timestamp: "2025-10-31T10:10:42Z",
  payload: {
    account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
    message_status: "DELIVERED",
    channel: "sms",
    inbound_number: "+1234567890",
    outbound_number: "+1987654321",
    template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8",
  },
})
const bytes = Buffer.from(body)

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Calls in a second. */
const rateOf = Effect.fnUntraced(function* (round: Effect.Effect<unknown, unknown>) {
  const startedAt = performance.now()
  yield* Effect.orDie(round)
  return (callsInRound * 1000) / (performance.now() - startedAt)
})

const program = Effect.gen(function* () {
  const headers = yield* SentWebhook.sign(body, { secret })
  const renamed = {
    "webhook-id": headers["x-webhook-id"] ?? "",
    "webhook-timestamp": headers["x-webhook-timestamp"] ?? "",
    "webhook-signature": headers["x-webhook-signature"] ?? "",
  }
  const verifier = yield* SentWebhook.makeVerifier({ secret })
  const standard = new Webhook(secret)
  const calls = Array.from({ length: callsInRound })

  const contestants = {
    "SentWebhook, one at a time": Effect.forEach(calls, () => verifier({ headers, body: bytes }), {
      discard: true,
    }),
    "SentWebhook, 64 at a time": Effect.forEach(calls, () => verifier({ headers, body: bytes }), {
      concurrency: 64,
      discard: true,
    }),
    standardwebhooks: Effect.sync(() => {
      for (const _ of calls) standard.verify(bytes, renamed)
    }),
  }
  const rates: Record<string, Array<number>> = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const rate = yield* rateOf(contestant)
      // The first round warms up.
      if (round > 0) (rates[name] ??= []).push(rate)
    }
  }
  const theirs = median(rates["standardwebhooks"] ?? [])
  for (const [name, all] of Object.entries(rates)) {
    const ratio = (median(all) / theirs).toFixed(2)
    yield* Console.log(
      `${name.padEnd(28)} ${Math.round(median(all)).toString().padStart(8)}/s  × ${ratio}`,
    )
  }
  return median(rates["SentWebhook, 64 at a time"] ?? []) >= theirs
})

process.exitCode = (await Effect.runPromise(program)) ? 0 : 1
