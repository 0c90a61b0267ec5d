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
import * as Kind from "../options.ts"
import { makeTokens, type Token } from "./token.ts"

/** Makes the callback URLs of a tracker, and verifies them. */
export interface CallbackUrls {
  /** Makes a URL that is valid for this many milliseconds. */
  readonly make: (timeToLive: number) => Effect.Effect<Token & { readonly url: string }>
  /** Verifies the URL of a call, whole or without its host. */
  readonly read: (url: string | undefined) => Effect.Effect<Token | "forged" | "expired">
}

const parameter = "sig"

/** Makes the URLs from options that were checked. */
export const makeCallbackUrls = Effect.fnUntraced(function* (
  from: string | URL,
  signedWith: string | Redacted.Redacted<string>,
): Effect.fn.Return<CallbackUrls> {
  const base = withoutTrailingSlash(String(from))
  const key = Redacted.isRedacted(signedWith) ? Redacted.value(signedWith) : signedWith
  const tokens = yield* makeTokens(new TextEncoder().encode(key))
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

/** The secret of a tracker. */
export const secret: Kind.Kind = Kind.secret(
  `must have at least ${minSecretLength} characters`,
  ({ length }) => (length >= minSecretLength ? undefined : `it has ${length}`),
)

const isWebhookUrl = Schema.is(SendToPhoneRequest.fields.webhookUrl)

/** The public URL of a tracker. It is not shown: the path may be secret. */
export const publicUrl: Kind.Kind = (value) => {
  const base = withoutTrailingSlash(String(value))
  return (Predicate.isString(value) || value instanceof URL) &&
    isWebhookUrl(urlOf(base, "x".repeat(80))) &&
    !base.includes("?")
    ? []
    : [
        {
          path: [],
          message:
            "must be an absolute http or https URL without query, fragment and user info, e.g. https://app.example.com/webhooks/sent",
        },
      ]
}
