/**
 * The callback URL of a send: the public URL of the receiver, with a token in its query.
 *
 * Effect writes the path of a request into its span and its log, and leaves out the query there, or redacts a parameter of
 * this name: https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { SendToPhoneRequest } from "../../SendToPhone.ts"
import type { SentError } from "../../SentError.ts"
import { invalidOptions } from "../options.ts"
import { makeTokens, type Token } from "./token.ts"

export interface CallbackUrls {
  /** Makes a URL that is valid for this many milliseconds. */
  readonly make: (timeToLive: number) => Effect.Effect<Token & { readonly url: string }>
  /** Verifies the URL of a call, whole or without its host. */
  readonly read: (url: string | undefined) => Effect.Effect<Token | "forged" | "expired">
}

const parameter = "sig"

export const makeCallbackUrls = Effect.fnUntraced(function* (
  publicUrl: string | URL,
  secret: string | Redacted.Redacted<string>,
): Effect.fn.Return<CallbackUrls, SentError> {
  const base = yield* baseOf(publicUrl)
  const tokens = yield* makeTokens(yield* secretBytes(secret))
  return {
    make: (timeToLive) =>
      Effect.map(tokens.make(timeToLive), (token) => ({ ...token, url: urlOf(base, token.text) })),
    read: (url) => tokens.read(queryOf(url).get(parameter) ?? ""),
  }
})

export const withoutTrailingSlash = (path: string): string => path.replace(/\/+$/, "")

const urlOf = (base: string, token: string): string => `${base}?${parameter}=${token}`

const queryOf = (url = ""): URLSearchParams => new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? "")

const minSecretLength = 32

const invalidOption = (path: string, message: string): SentError =>
  invalidOptions([{ path: [path], message }])

const secretBytes = (
  secret: string | Redacted.Redacted<string>,
): Effect.Effect<Uint8Array<ArrayBuffer>, SentError> => {
  const text = Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
  return Predicate.isString(text) && text.length >= minSecretLength
    ? Effect.succeed(new TextEncoder().encode(text))
    : Effect.fail(invalidOption("secret", `must have at least ${minSecretLength} characters`))
}

const isWebhookUrl = Schema.is(SendToPhoneRequest.fields.webhookUrl)

const baseOf = (publicUrl: string | URL): Effect.Effect<string, SentError> => {
  const base = withoutTrailingSlash(String(publicUrl))
  return isWebhookUrl(urlOf(base, "x".repeat(80))) && !base.includes("?")
    ? Effect.succeed(base)
    : Effect.fail(
        invalidOption(
          "publicUrl",
          "must be an absolute http or https URL without query, fragment and user info, e.g. https://app.example.com/webhooks/sent",
        ),
      )
}
