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

/** Adds the settings of this library's requests. */
export const withHttpSettings = (context: Context.Context<never>): Context.Context<never> =>
  context.pipe(
    // To follow a redirect would take the body and the credentials to another server. The other clients follow none.
    Context.add(FetchHttpClient.RequestInit, {
      ...Context.getOrUndefined(context, FetchHttpClient.RequestInit),
      redirect: "manual",
    }),
    // Over HTTP/2, undici repeats a request by itself (REFUSED_STREAM, GOAWAY), also one that was accepted.
    Context.add(UndiciOptions, { ...Context.get(context, UndiciOptions), allowH2: false }),
    // In case the user's client logs headers.
    Context.add(Headers.CurrentRedactedNames, [
      ...Context.get(context, Headers.CurrentRedactedNames),
      "x-api-key",
      "x-sender-id",
      "x-profile-id",
    ]),
    // The client's own span would end with an error that holds the request, and would send trace headers to the
    // provider.
    Context.add(HttpClient.TracerDisabledWhen, constTrue),
  )
