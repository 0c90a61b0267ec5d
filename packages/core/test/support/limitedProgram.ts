/**
 * A program of its own that sends 15 messages at once with a limit of 10 an hour, and says how many were accepted
 * before the others' deadline. Its store is the Redis server at the port that it is given, or its own memory.
 *
 *     node limitedProgram.ts <base URL> <Redis port, or "memory">
 */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { NodeRedis } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { credentials, sample } from "@effect-sent/faults/sample"

const [baseUrl = "", store = ""] = process.argv.slice(2)

const client = SentClient.layer({
  baseUrl,
  deadline: "5 seconds",
  rateLimit: { limit: 10, window: "1 hour" },
}).pipe(Layer.provide(SentCredentials.layer(credentials)), Layer.provide(FetchHttpClient.layer))

const shared = client.pipe(
  Layer.provide(RateLimiter.layerStoreRedis()),
  Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${store}` })),
)

const program = Effect.forEach(
  Array.from({ length: 15 }),
  () => Effect.exit(SentClient.sendToPhone(sample)),
  { concurrency: "unbounded" },
).pipe(
  Effect.andThen((exits) => Console.log(exits.filter(({ _tag }) => _tag === "Success").length)),
)

await Effect.runPromise(Effect.provide(program, store === "memory" ? client : shared))
