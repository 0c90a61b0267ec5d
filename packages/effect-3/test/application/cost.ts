/**
 * Measures what a send costs, as processor time, next to the same request with the bare `HttpClient`, in one run. Prints JSON.
 *
 * The windows of the two alternate. The server is a process of its own. `node cost.ts <base URL> <client>`.
 */
import { RetryPolicy, SentClient, SentCredentials } from "@effect-sent/effect-3"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

const [baseUrl = "", name = "FetchHttpClient"] = process.argv.slice(2)

const specifier = "@effect/platform-node/NodeHttpClient"
const clients: Readonly<Record<string, unknown>> =
  name === "FetchHttpClient" ? { FetchHttpClient: FetchHttpClient.layer } : await import(specifier)
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of that module
const http = clients[name.replace(/^NodeHttpClient\./, "")] as Layer.Layer<HttpClient.HttpClient>

const credentials = { senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "sk_test_example" }

const message = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
}

const runtime = ManagedRuntime.make(
  SentClient.layer({ baseUrl, retryPolicy: RetryPolicy.none }).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provideMerge(http),
  ),
)

const request = HttpClientRequest.post(`${baseUrl}/v1/messages/phone`, {
  headers: { "x-sender-id": credentials.senderId, "x-api-key": credentials.apiKey },
})

const contestants = {
  bare: Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const response = yield* client.execute(
      HttpClientRequest.setBody(request, yield* HttpBody.json(message)),
    )
    yield* response.text
  }),
  send: SentClient.sendToPhone(message),
}

/** The microseconds of processor time of one send, in a window of so many. */
const measure = async (
  send: Effect.Effect<unknown, unknown, HttpClient.HttpClient | SentClient.SentClient>,
  count: number,
): Promise<number> => {
  const begin = process.cpuUsage()
  await runtime.runPromise(
    Effect.all(
      Array.from({ length: count }, () => send),
      { concurrency: 16, discard: true },
    ),
  )
  const { system, user } = process.cpuUsage(begin)
  return (system + user) / count
}

const windows: { readonly bare: Array<number>; readonly send: Array<number> } = {
  bare: [],
  send: [],
}
for (let round = 0; round < 11; round += 1) {
  // One after the other, or they would share the processor.
  /* oxlint-disable no-await-in-loop */
  const bare = await measure(contestants.bare, 1000)
  const send = await measure(contestants.send, 1000)
  /* oxlint-enable no-await-in-loop */
  // The first one warms up.
  if (round === 0) continue
  windows.bare.push(bare)
  windows.send.push(send)
}
await runtime.dispose()

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
const [bare, send] = [median(windows.bare), median(windows.send)]
console.log(JSON.stringify({ name, bare, send, ratio: send / bare }))
