/**
 * A program of its own that shares a limit of 20 a second over Redis. It says that it is ready, waits for a line, sends 40
 * messages at once, and says how many were accepted. Its clock is so many milliseconds ahead of the machine's.
 *
 *     node limitedProgram.ts <base URL> <Redis port> <milliseconds>
 */
import { RateLimit, SentClient, SentCredentials } from "@effect-sent/core"
import { credentials, sample } from "@effect-sent/faults/sample"
import { NodeHttpClient, NodeRedis } from "@effect/platform-node"
import { Clock, Console, Effect, Layer } from "effect"
import { once } from "node:events"

const [baseUrl = "", port = "", ahead = "0"] = process.argv.slice(2)

const client = RateLimit.makeShared({ key: "account", limit: 20, window: "1 second" }).pipe(
  Effect.map((rateLimit) => SentClient.layer({ baseUrl, rateLimit })),
  Layer.unwrap,
  Layer.provide(SentCredentials.layer(credentials)),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${port}` })),
)

const aheadOf = (clock: Clock.Clock): Clock.Clock => {
  const millis = Number(ahead)
  const nanos = BigInt(millis) * 1_000_000n
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + millis
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + nanos
  const monotonicTimeNanosUnsafe = () => clock.monotonicTimeNanosUnsafe() + nanos
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
    sleep: (duration) => clock.sleep(duration),
  }
}

const started = Effect.promise(async () => {
  const line = once(process.stdin, "data")
  console.log("ready")
  await line
  process.stdin.destroy()
})

const program = started.pipe(
  Effect.andThen(
    Effect.forEach(Array.from({ length: 40 }), () => Effect.exit(SentClient.sendToPhone(sample)), {
      concurrency: "unbounded",
    }),
  ),
  Effect.andThen((exits) => Console.log(exits.filter(({ _tag }) => _tag === "Success").length)),
  Effect.provide(client),
)

await Effect.runPromise(
  Effect.flatMap(Effect.clockWith(Effect.succeed), (clock) =>
    Effect.provideService(program, Clock.Clock, aheadOf(clock)),
  ),
)
