/**
 * A program without `node:diagnostics_channel`, as on runtimes that have none. It sends one message to each address with
 * each HTTP client, and with a client over fetch that runs again whatever fails, and prints what is said of them.
 *
 *     node unseenProgram.ts <base URL>...
 */
import { SentClient } from "@effect-sent/core"
import { Console, Effect, Layer, Logger } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"

Reflect.deleteProperty(process, "getBuiltinModule")

const repeating = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.transform((sending) => Effect.retry(sending, { times: 3 })),
  ),
).pipe(Layer.provide(FetchHttpClient.layer))

const program = Effect.forEach([...clients, ["repeating", repeating] as const], ([name, http]) =>
  Effect.forEach(process.argv.slice(2), (baseUrl) =>
    SentClient.sendToPhone(sample).pipe(
      Effect.as("accepted"),
      Effect.catchTag("SentError", ({ delivery, reason }) =>
        Effect.succeed(`${delivery}: ${reason._tag}`),
      ),
      Effect.provide(
        clientLayer(http, {
          baseUrl,
          // Only a handshake with a server that is silent is waited for.
          timeout: baseUrl.startsWith("https:") ? "300 millis" : "30 seconds",
        }),
      ),
    ),
  ).pipe(Effect.map((claims) => [name, ...claims])),
)

await Effect.flatMap(program, (claims) => Console.log(JSON.stringify(claims))).pipe(
  // The warning about a client that repeats would be printed, too.
  Effect.provide(Logger.layer([])),
  Effect.runPromise,
)

// A connect that was given up goes on for ten seconds over fetch.
process.exit(0)
