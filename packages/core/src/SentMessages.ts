/**
 * The client of the provider's v3: sends to up to 1,000 recipients, looks messages up, and settles under an idempotency key
 * what v1 can only report as `unknown`.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const messages = yield* SentMessages.SentMessages
 *   const receipt = yield* messages.send(
 *     {
 *       to: ["+1234567890"],
 *       template: { name: "order_confirmation", parameters: { name: "John Doe" } },
 *     },
 *     { idempotencyKey: "order-12345" },
 *   )
 *   const [recipient] = receipt.recipients
 *   return yield* Effect.forEach(recipient?.messages ?? [], ({ messageId }) => messages.get(messageId))
 * })
 * ```
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Configured } from "./internal/environment.ts"
import {
  type Activity,
  type Message,
  readActivities,
  readMessage,
  readSendAnswer,
  type SendAnswer,
} from "./internal/messages/answer.ts"
import { readId, readInput } from "./internal/messages/input.ts"
import { keyFor, keyLifetime } from "./internal/messages/key.ts"
import type { Channel, LookUp } from "./internal/messages/request.ts"
import * as Kind from "./internal/options.ts"
import {
  clientKinds,
  makeClient,
  type Options as ClientOptions,
  readClientOptions,
  type Sender,
} from "./internal/send/client.ts"
import type { Content } from "./internal/send/answer.ts"
import * as Operation from "./internal/send/operation.ts"
import { Progress } from "./internal/send/progress.ts"
import {
  type CommonOptions,
  type SendOptions,
  sendOptions as sendOptionsKind,
} from "./internal/send/sendOptions.ts"
import * as Telemetry from "./internal/send/telemetry.ts"
import { readInput as readPhoneInput } from "./internal/send/input.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import { SentClient } from "./SentClient.ts"
import * as SentCredentials from "./SentCredentials.ts"
import { InvalidRequest, KeyConflict, SentError, UnexpectedResponse } from "./SentError.ts"

export type {
  Activity,
  Message,
  MessageEvent,
  Recipient,
  SentMessage,
} from "./internal/messages/answer.ts"
export { readInput } from "./internal/messages/input.ts"
export { keyLifetime, randomKey } from "./internal/messages/key.ts"
export { Channel, MessagesRequest, Template } from "./internal/messages/request.ts"
export type { CommonOptions, SendOptions, UsedKey } from "./internal/send/sendOptions.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** The options of a client of v3. */
export interface Options extends ClientOptions {
  /**
   * Whether every send of the layer is a sandbox one, unless its input says otherwise: the service checks the request and
   * answers as if it had accepted it, and sends nothing. Default: false.
   */
  readonly sandbox?: boolean | undefined
}

/** A template, by its id or by its name. */
export type TemplateInput = (
  | { readonly id: string; readonly name?: undefined }
  | { readonly name: string; readonly id?: undefined }
) & {
  /** The values of the template's variables, by name. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/**
 * The input of a send: plain strings, with either a template or a text.
 *
 * If the input is malformed, the send fails with the reason `InvalidRequest`, which lists every wrong field, and no request is
 * sent.
 */
export type Input = (
  | { readonly template: TemplateInput; readonly text?: undefined }
  | { readonly text: string; readonly template?: undefined }
) & {
  /** The recipients' numbers in E.164 format, 1 to 1,000, each of them once. */
  readonly to: ReadonlyArray<string>
  /** The channels, a message on each of them. Default: the service chooses one. */
  readonly channel?: ReadonlyArray<Channel> | undefined
  /** Whether the service only checks the request, and sends nothing. Default: the layer's. */
  readonly sandbox?: boolean | undefined
}

/**
 * The proof that the service accepted a request.
 *
 * **Details**
 *
 * Accepted is not delivered: a recipient who has opted out is accepted too. Phone numbers and texts are `Redacted`.
 */
export interface Receipt extends SendAnswer {
  /** When the response arrived, by the local clock. */
  readonly acceptedAt: DateTime.Utc
  /** The status of the response: 202, or another 2xx if the service changes. */
  readonly status: number
  /** How many requests were sent. */
  readonly attempts: number
  /** The idempotency key that the requests had. That of a sandbox message begins with `sandbox_`. */
  readonly idempotencyKey: string
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The service that sends and looks up messages over v3. */
export class SentMessages extends Context.Service<
  SentMessages,
  {
    /**
     * Sends a template or a text.
     *
     * Succeeds only if the service has accepted the request. Fails with a `SentError` otherwise, whose `delivery` says
     * whether the service may have accepted it nevertheless. All requests of a send have one idempotency key, so that they
     * are one message at most to each recipient and channel.
     */
    readonly send: (input: Input, options?: SendOptions) => Effect.Effect<Receipt, SentError>
    /** Looks a message up by its id. A look-up that fails is `not-sent`, whatever the reason, and may be repeated. */
    readonly get: (id: string, options?: CommonOptions) => Effect.Effect<Message, SentError>
    /** Looks up what happened to a message, the newest entry first. */
    readonly activities: (
      id: string,
      options?: CommonOptions,
    ) => Effect.Effect<ReadonlyArray<Activity>, SentError>
    /**
     * How long an idempotency key is relied upon, from its first use, to repeat a message that may have been sent. Absent if
     * the retry policy of the layer repeats none.
     */
    readonly keyLifetime?: Duration.Duration | undefined
  }
>()("@effect-sent/core/SentMessages") {}

/**
 * Sends a template or a text with the client in the context.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const receipt = await SentMessages.send({
 *   to: ["+1234567890", "+1987654321"],
 *   text: "Your order is on its way.",
 * }).pipe(Effect.provide(SentMessages.layerEnv), Effect.runPromise)
 * console.assert(receipt.recipients.length === 2)
 * ```
 */
export const send = (
  input: Input,
  options?: SendOptions,
): Effect.Effect<Receipt, SentError, SentMessages> =>
  SentMessages.use((messages) => messages.send(input, options))

/**
 * Looks a message up by its id, with the client in the context.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await SentMessages.get("8ba7b830-9dad-11d1-80b4-00c04fd430c8").pipe(
 *   Effect.flip,
 *   Effect.provide(SentMessages.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(error._tag === "SentError" && error.reason._tag === "MessageNotFound")
 * ```
 */
export const get = (
  id: string,
  options?: CommonOptions,
): Effect.Effect<Message, SentError, SentMessages> =>
  SentMessages.use((messages) => messages.get(id, options))

/**
 * Looks up what happened to a message, the newest entry first, with the client in the context.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const statuses = await SentMessages.send({ to: ["+1234567890"], text: "Hello" }).pipe(
 *   Effect.map(({ recipients }) => recipients[0]?.messages[0]?.messageId ?? ""),
 *   Effect.flatMap((messageId) => SentMessages.activities(messageId)),
 *   Effect.map((entries) => entries.map(({ status }) => status)),
 *   Effect.provide(SentMessages.layerEnv),
 *   Effect.runPromise,
 * )
 * console.assert(statuses.length > 0)
 * ```
 */
export const activities = (
  id: string,
  options?: CommonOptions,
): Effect.Effect<ReadonlyArray<Activity>, SentError, SentMessages> =>
  SentMessages.use((messages) => messages.activities(id, options))

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

/**
 * Makes a client from the `HttpClient` and the `SentCredentials` in the context: the key alone, and a profile where there is
 * one.
 *
 * Fails with the reason `InvalidOptions` if an option is invalid, or if credentials must not be sent to the base URL.
 *
 * @example
 * ```ts
 * import { SentCredentials, SentMessages } from "@effect-sent/core"
 * import { Effect } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * const error = await SentMessages.make({ baseUrl: "http://api.sent.dm" }).pipe(
 *   Effect.flip,
 *   Effect.scoped,
 *   Effect.provide([SentCredentials.layerConfig(), FetchHttpClient.layer]),
 *   Effect.runPromise,
 * )
 * console.assert(error._tag === "SentError" && error.reason._tag === "InvalidOptions")
 * ```
 */
export const make = /* @__PURE__ */ Effect.fnUntraced(function* (
  options: Options = {},
): Effect.fn.Return<
  SentMessages["Service"],
  SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials | Scope.Scope
> {
  yield* Kind.checkOptions(messagesOptions, options)
  const client = yield* makeClient(options, RetryPolicy.sameKey, () => [])
  const sendOne = client(Operation.sendMessages)

  const sendOnce = (input: Input, sendOptions?: SendOptions): Effect.Effect<Receipt, SentError> =>
    Effect.suspend(() => {
      let progress = new Progress()
      const sending = Effect.gen(function* () {
        const request = yield* readInput(withSandbox(input, options.sandbox))
        if (sendOptions !== undefined) yield* Kind.checkOptions(sendOptionsKind, sendOptions)
        const isSandbox = request.sandbox === true
        const { unknownBefore, ...key } = yield* keyFor(sendOptions?.idempotencyKey, isSandbox)
        progress = new Progress({ unknownBefore })
        const { content, ...sent } = yield* sendOne(request, progress, sendOptions, key)
        const answer = readSendAnswer(request, content)
        if (typeof answer === "string") {
          const reason = new KeyConflict({ detail: answer })
          return yield* new SentError({ reason, attempts: sent.attempts })
        }
        return { ...sent, idempotencyKey: key.value, ...answer }
      })
      return Telemetry.send(sending, {
        get attempts() {
          return progress.attempts
        },
        get knowledge() {
          return progress.knowledge
        },
      })
    })

  const { sameKey, times } = options.retryPolicy ?? RetryPolicy.sameKey
  return SentMessages.of({
    keyLifetime: sameKey && times > 0 ? keyLifetime : undefined,
    send: Telemetry.inSpan("SentMessages.send", sendOnce),
    get: Telemetry.inSpan("SentMessages.get", lookUp(client(Operation.getMessage), readMessage)),
    activities: Telemetry.inSpan(
      "SentMessages.activities",
      lookUp(client(Operation.getActivities), readActivities),
    ),
  })
})

/** An input may come from a caller whom TypeScript does not check. */
const withSandbox = (input: unknown, sandbox: boolean | undefined): unknown =>
  Predicate.isObject(input) && Reflect.get(input, "sandbox") === undefined
    ? { ...input, sandbox }
    : input

const lookUp =
  <A>(sender: Sender<LookUp>, read: (content: Content | undefined) => A | undefined) =>
  (id: string, options?: CommonOptions): Effect.Effect<A, SentError> =>
    Effect.flatMap(readId(id), (request) =>
      Effect.flatMap(
        sender(request, new Progress({ isRead: true }), options),
        ({ attempts, content, status }) => {
          const found = read(content)
          if (found !== undefined) return Effect.succeed(found)
          const reason = new UnexpectedResponse({ status })
          return Effect.fail(new SentError({ reason, attempts, isRead: true }))
        },
      ),
    )

const messagesOptions: Kind.Kind = /* @__PURE__ */ Kind.struct<Options>({
  ...clientKinds,
  sandbox: Kind.boolean,
})

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Provides a client of v3 that sends with the `HttpClient` and the `SentCredentials` of your choice.
 *
 * **Gotchas**
 *
 * What is said of `SentClient.layer` holds here too: provide the layer once, and put no retries on the `HttpClient`.
 *
 * @example
 * ```ts
 * import { SentCredentials, SentMessages } from "@effect-sent/core"
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * const SentLive = SentMessages.layer({ timeout: "10 seconds" }).pipe(
 *   Layer.provide(SentCredentials.layer({ apiKey: "sk_live_1234" })),
 *   Layer.provide(NodeHttpClient.layerUndici),
 * )
 * ```
 */
export const layer = (
  options?: Options,
): Layer.Layer<SentMessages, SentError, HttpClient.HttpClient | SentCredentials.SentCredentials> =>
  Layer.effect(SentMessages, make(options))

/**
 * Provides a client of v3 whose options are values or `Config`s. `SENT_BASE_URL` and `SENT_ALLOW_PLAIN_HTTP` are read as by
 * `SentClient.layerConfig`.
 *
 * @example
 * ```ts
 * import { SentMessages } from "@effect-sent/core"
 * import { Config } from "effect"
 *
 * const SentLive = SentMessages.layerConfig({
 *   sandbox: Config.Boolean("SENT_SANDBOX").pipe(Config.withDefault(false)),
 * })
 * ```
 */
export const layerConfig = (
  options: Configured<Options> = {},
): Layer.Layer<
  SentMessages,
  Config.ConfigError | SentError,
  HttpClient.HttpClient | SentCredentials.SentCredentials
> =>
  Layer.unwrap(
    Effect.map(
      readClientOptions<Options>(options, (given) => Kind.checkOptions(messagesOptions, given)),
      layer,
    ),
  )

/**
 * Provides a client of v3 that is configured by the environment and sends with `fetch`: `SENT_API_KEY` and, optionally,
 * `SENT_PROFILE_ID` and `SENT_BASE_URL`.
 */
export const layerEnv: Layer.Layer<SentMessages, Config.ConfigError | SentError> =
  /* @__PURE__ */ Layer.suspend(() =>
    layerConfig().pipe(
      Layer.provide(SentCredentials.layerConfig()),
      Layer.provide(FetchHttpClient.layer),
    ),
  )

/**
 * Provides `SentClient` over v3, so that a program moves from v1 by a layer: `sendToPhone`, `BulkSender`, `DeliveryTracker` and
 * durable sends go on as they are, and a lost answer is settled by its key.
 *
 * **Details**
 *
 * The receipt has the `messageId`, the `idempotencyKey` and `isReplayed`. The option `idempotencyKey` is taken, which v1
 * refuses. A `webhookUrl` is refused, since v3 has none for a single message: updates go to the webhooks of the account.
 *
 * @example
 * ```ts
 * import { SentClient, SentMessages } from "@effect-sent/core"
 * import { Effect, Layer } from "effect"
 *
 * const SentLive = SentMessages.layerSentClient.pipe(Layer.provide(SentMessages.layerEnv))
 *
 * const receipt = await SentClient.sendToPhone({
 *   phoneNumber: "+1234567890",
 *   templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
 * }).pipe(Effect.provide(SentLive), Effect.runPromise)
 * console.assert(receipt.messageId !== undefined)
 * ```
 */
export const layerSentClient: Layer.Layer<SentClient, never, SentMessages> =
  /* @__PURE__ */ Layer.effect(
    SentClient,
    SentMessages.useSync((messages) =>
      SentClient.of({
        keyLifetime: messages.keyLifetime,
        updatesTo: "account",
        sendToPhone: Effect.fnUntraced(function* (input, options) {
          const { messageBody, phoneNumber, templateId, webhookUrl } = yield* readPhoneInput(input)
          if (webhookUrl !== undefined) return yield* noWebhook
          const receipt = yield* messages.send(
            {
              to: [phoneNumber],
              template: { id: templateId, parameters: messageBody },
            },
            options,
          )
          const { acceptedAt, attempts, idempotencyKey, isReplayed, recipients, status } = receipt
          const messageId = recipients[0]?.messages[0]?.messageId
          return {
            acceptedAt,
            status,
            attempts,
            ...(messageId === undefined ? {} : { messageId }),
            idempotencyKey,
            isReplayed,
          }
        }),
      }),
    ),
  )

const noWebhook: Effect.Effect<never, SentError> = /* @__PURE__ */ Effect.suspend(() =>
  Effect.fail(
    new SentError({
      reason: new InvalidRequest({
        issues: [
          {
            path: ["webhookUrl"],
            message:
              "is for v1: v3 has no webhook for a single message, updates go to the webhooks of the account",
          },
        ],
      }),
      attempts: 0,
    }),
  ),
)
