import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import {
  SentClient,
  SentCredentials,
  type SendToPhone,
  type SentError,
} from "@effect-sent/effect-3"
import * as Layer from "effect/Layer"

export const credentials = {
  senderId: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  apiKey: "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
}

export const message: SendToPhone.Input = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe" },
}

/** A client of a server, by default over `fetch`. */
export const clientOf = (
  { baseUrl }: { readonly baseUrl: string },
  options: SentClient.Options = {},
  http: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer,
): Layer.Layer<SentClient.SentClient, SentError.SentError> =>
  SentClient.layer({ baseUrl, ...options }).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provide(http),
  )
