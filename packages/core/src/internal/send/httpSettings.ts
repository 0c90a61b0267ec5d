/**
 * What the HTTP clients of Effect read from the context, and do by themselves without it.
 */
import * as Context from "effect/Context"
import { constTrue } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"

/** The options of undici's requests, by the key of `NodeHttpClient.UndiciOptions` in `@effect/platform-node`. */
const UndiciOptions = Context.Reference<object>(
  "@effect/platform-node/NodeHttpClient/UndiciOptions",
  { defaultValue: () => ({}) },
)

/** Remembers the last result: nearly all sends are given the same. */
export const remembered = <A, B>(make: (given: A) => B): ((given: A) => B) => {
  let last: { readonly given: A; readonly made: B } | undefined
  return (given) => {
    if (last === undefined || last.given !== given) last = { given, made: make(given) }
    return last.made
  }
}

// To follow a redirect would take the body and the credentials to another server. The other clients follow none.
const withoutRedirects = /* @__PURE__ */ remembered(
  (given: RequestInit | undefined): RequestInit => ({
    ...given,
    redirect: "manual",
  }),
)

// Over HTTP/2, undici repeats a request by itself (REFUSED_STREAM, GOAWAY), also one that was accepted.
const withoutHttp2 = /* @__PURE__ */ remembered((given: object | undefined) => ({
  ...given,
  allowH2: false,
}))

// In case the user's client logs headers.
const withKeys = /* @__PURE__ */ remembered((given: ReadonlyArray<string | RegExp>) => [
  ...given,
  "x-api-key",
  "x-sender-id",
  "x-profile-id",
])

/** A context with the settings of this library's requests. */
export const withHttpSettings = (context: Context.Context<never>): Context.Context<never> => {
  const services = new Map<string, unknown>(context.mapUnsafe)
  const given = Context.getOrUndefined(context, FetchHttpClient.RequestInit)
  services.set(FetchHttpClient.RequestInit.key, withoutRedirects(given))
  services.set(UndiciOptions.key, withoutHttp2(Context.getOrUndefined(context, UndiciOptions)))
  const names = Context.get(context, Headers.CurrentRedactedNames)
  services.set(Headers.CurrentRedactedNames.key, withKeys(names))
  // The client's own span would end with an error that holds the request, and would send trace headers to the
  // provider.
  services.set(HttpClient.TracerDisabledWhen.key, constTrue)
  return Context.makeUnsafe(services)
}
