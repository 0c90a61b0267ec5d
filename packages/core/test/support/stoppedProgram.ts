/**
 * A program of its own that sends 1,000 messages, eight at a time, and stops on SIGTERM. It prints `stopping` at the signal,
 * one line for each result, and `ended` at its end.
 *
 *     node stoppedProgram.ts <base URL>
 */
import { BulkSender, SentClient, SentCredentials } from "@effect-sent/core"
import { Console, Effect, Layer, Result, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { credentials, sample } from "@effect-sent/faults/sample"

const [baseUrl = ""] = process.argv.slice(2)

const SentLive = SentClient.layer({ baseUrl }).pipe(
  Layer.provide(SentCredentials.layer(credentials)),
  Layer.provide(FetchHttpClient.layer),
)

const sigterm = Effect.callback<void>((resume) => {
  process.once("SIGTERM", () => resume(Console.log("stopping")))
})

const items = Stream.range(1, 1000).pipe(
  Stream.map((customer) => ({ input: sample, context: customer })),
)

const program = BulkSender.sendAll(items, {
  order: "completion",
  stopWhen: sigterm,
  send: { deadline: "10 seconds" },
}).pipe(
  Stream.runForEach(({ context, result }) =>
    Console.log(`${context} ${Result.isSuccess(result) ? "accepted" : result.failure.delivery}`),
  ),
  Effect.andThen(Console.log("ended")),
)

await Effect.runPromise(Effect.provide(program, SentLive))
