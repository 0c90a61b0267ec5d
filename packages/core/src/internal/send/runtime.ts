/**
 * What depends on the runtime: where the credentials must not be used, and what its `fetch` does by itself.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Issue } from "./reason.ts"

/** Checks that this is not a page, whose visitors could read the credentials. */
export const checkBrowser = (isAllowed: boolean | undefined): ReadonlyArray<Issue> =>
  isAllowed === true || !Predicate.hasProperty(globalThis, "document")
    ? []
    : [
        {
          path: ["dangerouslyAllowBrowser"],
          message:
            "must be true where there is a global `document`: everyone who opens a page can read its API key, and " +
            "browsers repeat requests. Send from a server. In tests with jsdom, happy-dom or the like, set this option",
        },
      ]

/**
 * The options for `fetch` that this runtime needs.
 *
 * Deno's `fetch` repeats a POST by itself when a connection that it kept ends. There, requests use a client that keeps
 * no connections, which is closed with the scope.
 */
export const makeFetchOptions: Effect.Effect<object, never, Scope.Scope> = Effect.suspend(() => {
  const deno: unknown = Reflect.get(globalThis, "Deno")
  if (!canCreateClient(deno)) return Effect.succeed({})
  return Effect.acquireRelease(
    Effect.sync(() => deno.createHttpClient({ poolMaxIdlePerHost: 0 })),
    (client) => Effect.sync(() => client.close()),
  ).pipe(Effect.map((client) => ({ client })))
})

interface Deno {
  readonly createHttpClient: (options: { readonly poolMaxIdlePerHost: number }) => {
    readonly close: () => void
  }
}

const canCreateClient = (deno: unknown): deno is Deno =>
  Predicate.hasProperty(deno, "createHttpClient") && Predicate.isFunction(deno.createHttpClient)
