import {
  RetryPolicy,
  SentClient,
  SentCredentials,
  type SendToPhone,
  type SentError,
  SentMessages,
} from "@effect-sent/core"
import { Effect, Layer } from "effect"
import type { HttpClient } from "effect/http"
import { credentials, sample } from "./sample.ts"

/** A client over the given HTTP client, with the sample credentials. By default, it makes one attempt. */
export const clientLayer = (
  http: Layer.Layer<HttpClient.HttpClient>,
  options: SentClient.Options,
): Layer.Layer<SentClient.SentClient, SentError.SentError> =>
  SentClient.layer({ retryPolicy: RetryPolicy.none, ...options }).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provide(http),
  )

/** The same client over v3, with the key alone. */
export const messagesLayer: typeof clientLayer = (http, options) =>
  SentMessages.layerSentClient.pipe(
    Layer.provide(SentMessages.layer({ retryPolicy: RetryPolicy.none, ...options })),
    Layer.provide(SentCredentials.layer({ apiKey: credentials.apiKey })),
    Layer.provide(http),
  )

/** Sends a message, by default the sample, with a new client. */
export const send = (
  http: Layer.Layer<HttpClient.HttpClient>,
  baseUrl: string,
  input: SendToPhone.Input = sample,
): Effect.Effect<SendToPhone.SendReceipt, SentError.SentError> =>
  SentClient.sendToPhone(input).pipe(Effect.provide(clientLayer(http, { baseUrl })))
