/** `sendOnce.ts <SQLite file> <base URL>`: sends one message, and prints its state. */
import { SentClient, SentCredentials } from "@effect-sent/core"
import { DurableSender, Sqlite } from "@effect-sent/durable"
import { Console, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"

const [filename = "", baseUrl = ""] = process.argv.slice(2)

const Live = Layer.merge(
  DurableSender.layer({ secret: "a secret of the tests, long enough to sign with" }).pipe(
    Layer.provide(Sqlite.layer({ filename })),
  ),
  SentClient.layer({ baseUrl }).pipe(
    Layer.provide([
      SentCredentials.layer({ senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "any" }),
      FetchHttpClient.layer,
    ]),
  ),
)

await DurableSender.DurableSender.use((sender) =>
  sender.sendOnce(
    { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" },
    { key: "order 12345 shipped" },
  ),
).pipe(
  Effect.flatMap(({ state }) => Console.log(state)),
  Effect.provide(Live),
  Effect.runPromise,
)
