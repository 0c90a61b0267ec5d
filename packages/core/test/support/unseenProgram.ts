/**
 * A program without `node:diagnostics_channel`, as on runtimes that have none. It sends one message to each address with
 * each HTTP client, and prints what is said of them.
 *
 *     node unseenProgram.ts <base URL>...
 */
import { SentClient } from "@effect-sent/core"
import { Console, Effect } from "effect"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"

Reflect.deleteProperty(process, "getBuiltinModule")

const program = Effect.forEach(clients, ([name, http]) =>
  Effect.forEach(process.argv.slice(2), (baseUrl) =>
    SentClient.sendToPhone(sample).pipe(
      Effect.as("accepted"),
      Effect.catchTag("SentError", ({ delivery, reason }) =>
        Effect.succeed(`${delivery}: ${reason._tag}`),
      ),
      Effect.provide(clientLayer(http, { baseUrl, timeout: "300 millis" })),
    ),
  ).pipe(Effect.map((claims) => [name, ...claims])),
)

await Effect.runPromise(Effect.flatMap(program, (claims) => Console.log(JSON.stringify(claims))))
