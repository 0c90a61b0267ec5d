/**
 * `pnpm demo`: one message to the mock, and then every refusal that the contract knows, as the typed error that a
 * program would catch.
 */
import {
  RetryPolicy,
  SentClient,
  SentCredentials,
  type SendToPhone,
  type SentError,
} from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Console, DateTime, Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { styleText } from "node:util"

/** The sample request of the API's reference page. */
const sample: SendToPhone.SendToPhoneInput = {
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
 * A client of the mock; with `prefer` it asks for one answer of the contract. It repeats nothing: the demo shows each
 * failure and does not wait for it to pass.
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
  /** What the service, or the network, does. */
  readonly title: string
  readonly sending: Effect.Effect<SendToPhone.SendReceipt, SentError.SentError>
}

/** Every answer of the contract but success. */
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

/** What fails without an answer of the service. */
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
    sending: SentClient.sendToPhone(sample).pipe(Effect.provide(clientOf("http://127.0.0.1:1"))),
  },
]

// -----------------------------------------------------------------------------
// Showing
// -----------------------------------------------------------------------------

type Style = Parameters<typeof styleText>[0]

// Colours only on a terminal, and there only where nobody has turned them off.
const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

const showError = (title: string, error: SentError.SentError): string => {
  const { delivery, isRetryable, reason } = error
  const badge = delivery === "not-sent" ? paint("green", "not sent") : paint("yellow", "unknown ")
  const passes = isRetryable ? paint("dim", "  passes with time") : ""
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

const program = Effect.gen(function* () {
  const mock = yield* MockServer.MockServer
  yield* Console.log(
    `${paint("bold", "The mock")} answers at ${mock.baseUrl} from ${mock.contract.title}\n`,
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
      "  not sent: the service certainly did not take the message; unknown: it may have\n",
    ),
  )
  yield* Effect.forEach([...refusals(mock), ...failures(mock.baseUrl)], show, { discard: true })
})

program.pipe(Effect.provide(MockServer.layer()), NodeRuntime.runMain)
