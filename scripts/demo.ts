/**
 * `pnpm demo`: sends a message to the mock, shows every refusal of the contract as the typed error that a program would catch,
 * an answer that is lost over v1 and over v3, and the delivery updates of three messages.
 */
import "./requireNode.ts"
import {
  DeliveryTracker,
  RetryPolicy,
  SentClient,
  SentCredentials,
  type SendToPhone,
  type SentError,
  SentMessages,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect, Layer, Stream } from "effect"
import { HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { styleText } from "node:util"

/** The sample request of the API reference. */
const sample: SendToPhone.Input = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
  webhookUrl: "https://example.com/webhook/message-status",
}

const credentials = { senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11", apiKey: "any-key-will-do" }

// -----------------------------------------------------------------------------
// Sending
// -----------------------------------------------------------------------------

/**
 * A client of the mock. `prefer` requests a specific answer of the contract. The client never retries: the demo shows each failure
 * and does not wait until it passes.
 */
const clientOf = (baseUrl: string, prefer?: string) =>
  SentClient.layer({ baseUrl, retryPolicy: RetryPolicy.none }).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provide(
      prefer === undefined
        ? NodeHttpClient.layerUndici
        : Layer.effect(
            HttpClient.HttpClient,
            Effect.map(
              HttpClient.HttpClient,
              HttpClient.mapRequest(HttpClientRequest.setHeader("prefer", prefer)),
            ),
          ).pipe(Layer.provide(NodeHttpClient.layerUndici)),
    ),
  )

interface Case {
  /** What the service or the network does. */
  readonly title: string
  readonly sending: Effect.Effect<SendToPhone.SendReceipt, SentError.SentError>
}

/** Every answer of the contract except success. */
const refusals = ({ baseUrl, contract }: MockServer.MockServer["Service"]): ReadonlyArray<Case> =>
  contract.operations
    .flatMap(({ responses }) => responses)
    .flatMap(({ examples, mayBeEmpty, status }) =>
      [...examples.map(({ name }) => name), ...(mayBeEmpty ? ["empty"] : [])].map((example) => ({
        title: `${status} ${example}`,
        sending: SentClient.sendToPhone(sample).pipe(
          Effect.provide(clientOf(baseUrl, `code=${status}, example=${example}`)),
        ),
      })),
    )

/** Failures without an answer of the service. */
const failures = (baseUrl: string): ReadonlyArray<Case> => [
  {
    title: "a malformed input",
    sending: SentClient.sendToPhone({
      phoneNumber: "1234567890",
      templateId: "order-confirmation",
    }).pipe(Effect.provide(clientOf(baseUrl))),
  },
  {
    title: "nothing listens",
    sending: SentClient.sendToPhone(sample).pipe(Effect.provide(clientOf("http://127.0.0.1:2"))),
  },
]

// -----------------------------------------------------------------------------
// Showing
// -----------------------------------------------------------------------------

type Style = Parameters<typeof styleText>[0]

// `styleText` omits colours when the output is not a terminal or colours are disabled.
const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

const showError = (title: string, error: SentError.SentError): string => {
  const { delivery, isTransient, reason } = error
  const badge = delivery === "not-sent" ? paint("green", "not sent") : paint("yellow", "unknown ")
  const passes = isTransient ? paint("dim", "  transient") : ""
  return [
    `  ${paint("bold", reason._tag.padEnd(20))} ${badge}  ${paint("cyan", title)}${passes}`,
    `      ${reason.message}`,
  ].join("\n")
}

const show = ({ sending, title }: Case): Effect.Effect<void, Error> =>
  sending.pipe(
    Effect.andThen((receipt) =>
      Effect.fail(new Error(`${title}: the mock accepted the message (${receipt.status})`)),
    ),
    Effect.catchTag("SentError", (error) => Console.log(showError(title, error))),
  )

// -----------------------------------------------------------------------------
// Losing an answer
// -----------------------------------------------------------------------------

/** The number of the mock whose message is accepted while the answer is lost. */
const lostNumber = "+15005552052"

/** The same program over both: only the layer is another one. */
const overBoth = ({ baseUrl }: MockServer.MockServer["Service"]) => [
  ["v1", SentClient.layer({ baseUrl }), credentials] as const,
  [
    "v3",
    SentMessages.layerSentClient.pipe(Layer.provide(SentMessages.layer({ baseUrl }))),
    { apiKey: credentials.apiKey },
  ] as const,
]

const lose = Effect.fnUntraced(function* (mock: MockServer.MockServer["Service"]) {
  const { webhookUrl: _, ...message } = sample
  for (const [api, client, given] of overBoth(mock)) {
    const ended = yield* SentClient.sendToPhone({ ...message, phoneNumber: lostNumber }).pipe(
      Effect.map(
        ({ attempts, messageId }) =>
          `${paint("green", "accepted")}  after ${attempts} requests with one key, once: ${messageId}`,
      ),
      Effect.catchTag("SentError", ({ attempts, reason }) =>
        Effect.succeed(
          `${paint("yellow", "unknown ")}  after ${attempts} request: ${reason.message}`,
        ),
      ),
      Effect.provide(client),
      Effect.provide([SentCredentials.layer(given), NodeHttpClient.layerUndici]),
    )
    yield* Console.log(`  ${paint("bold", api)}  ${ended}`)
  }
})

// -----------------------------------------------------------------------------
// Following
// -----------------------------------------------------------------------------

/** A server on a free port, in place of the application's own, and a tracker that receives updates through it. */
const trackerOf = (baseUrl: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const server = yield* NodeHttpServer.make(() => createServer(), {
        port: 0,
        host: "127.0.0.1",
      })
      const tracker = DeliveryTracker.layer({
        publicUrl: `${HttpServer.formatAddress(server.address)}/updates`,
        secret: "a public secret, for the demo only",
      }).pipe(Layer.provide(clientOf(baseUrl)))
      return HttpRouter.serve(DeliveryTracker.route("/updates"), {
        disableLogger: true,
        disableListenLog: true,
      }).pipe(
        Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
        Layer.provideMerge(tracker),
      )
    }),
  )

/** Magic numbers of the mock, and the final status of each. */
const endings = [
  ["+15005552040", "DELIVERED"],
  ["+15005552041", "READ"],
  ["+15005552042", "FAILED"],
] as const

type Ending = (typeof endings)[number]

const styles: Readonly<Record<Ending[1], Style>> = {
  DELIVERED: "green",
  READ: "blue",
  FAILED: "red",
}

const follow = Effect.fnUntraced(function* ([phoneNumber, ending]: Ending) {
  const { webhookUrl: _, ...message } = sample
  const startedAt = yield* DateTime.now
  const send = yield* DeliveryTracker.sendToPhone({ ...message, phoneNumber })
  let shown = 0
  yield* send.statuses.pipe(
    Stream.tap(({ steps }) =>
      Effect.forEach(
        steps.slice(shown),
        ({ at, channel = "", status }) => {
          shown += 1
          const after = Math.max(at.epochMilliseconds - startedAt.epochMilliseconds, 0)
          const word = status === ending ? paint(styles[ending], status) : status
          return Console.log(
            `  ${paint("dim", `${String(after).padStart(4)} ms`)}  ${phoneNumber}  ${channel.padEnd(8)}  ${word}`,
          )
        },
        { discard: true },
      ),
    ),
    Stream.takeUntil(({ status }) => status === ending),
    Stream.runDrain,
  )
})

const program = Effect.gen(function* () {
  const mock = yield* MockServer.MockServer
  yield* Console.log(
    `${paint("bold", "The mock")} listens at ${mock.baseUrl} and serves ${mock.contract.title}\n`,
  )

  yield* Console.log(`${paint("bold", "A message")} to ${sample.phoneNumber}`)
  const receipt = yield* SentClient.sendToPhone(sample).pipe(Effect.provide(clientOf(mock.baseUrl)))
  yield* Console.log(
    `  ${paint("green", "accepted")} with status ${receipt.status} ` +
      `at ${DateTime.formatIso(receipt.acceptedAt)}, attempts: ${receipt.attempts}\n`,
  )

  yield* Console.log(`${paint("bold", "Every refusal")}, as the SentError you would catch`)
  yield* Console.log(
    paint(
      "dim",
      "  not sent: the service did not accept the message; unknown: it may have accepted it\n",
    ),
  )
  yield* Effect.forEach([...refusals(mock), ...failures(mock.baseUrl)], show, { discard: true })

  yield* Console.log(
    `\n${paint("bold", "A lost answer")} to a message that was accepted, over v1 and over v3\n`,
  )
  yield* lose(mock)

  yield* Console.log(
    `\n${paint("bold", "Delivery updates")} of three messages, a hundred times as fast as in reality\n`,
  )
  yield* Effect.forEach(endings, follow, { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide(trackerOf(mock.baseUrl)),
  )
})

program.pipe(Effect.provide(MockServer.layer()), NodeRuntime.runMain)
