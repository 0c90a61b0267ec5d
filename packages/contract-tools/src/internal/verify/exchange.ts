/** Sends a request, once, and waits for the response until a time-out. */
import { Agent, request as send } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { WireResponse, WireRequest } from "@effect-sent/contract/ContractValidator"

export type Outcome =
  | { readonly _tag: "Responded"; readonly response: WireResponse }
  /** There was no response. `how` says why. */
  | { readonly _tag: "Broken"; readonly how: string; readonly isUnreachable: boolean }

export type Exchange = (request: WireRequest) => Effect.Effect<Outcome>

/** A longer response is cut off. */
const maxResponseBytes = 1024 * 1024

/** Sends requests to a server. Its connections close with the scope. */
export const makeExchange = Effect.fnUntraced(function* (
  target: string,
  timeoutMillis: number,
): Effect.fn.Return<Exchange, never, Scope.Scope> {
  const agent = yield* Effect.acquireRelease(
    // Prism's server closes idle connections, and a request on one of them would fail.
    Effect.sync(() => new Agent({ pipelining: 0, connect: { timeout: timeoutMillis } })),
    (open) => Effect.promise(() => open.destroy()),
  )
  const base = target.replace(/\/$/, "")

  return ({ body, headers, method, target: path }) =>
    Effect.tryPromise({
      try: async (signal): Promise<Outcome> => {
        const response = await send(`${base}${path}`, {
          method,
          headers: { ...headers },
          body: body.length === 0 ? null : body,
          dispatcher: agent,
          signal,
          // The time-out below covers the whole exchange.
          headersTimeout: 0,
          bodyTimeout: 0,
        })
        const chunks: Array<Uint8Array> = []
        let size = 0
        for await (const chunk of response.body) {
          const bytes: Uint8Array = chunk
          chunks.push(bytes)
          size += bytes.length
          if (size > maxResponseBytes) break
        }
        return {
          _tag: "Responded",
          response: {
            status: response.statusCode,
            headers: headersOf(response.headers),
            body: Buffer.concat(chunks).subarray(0, maxResponseBytes),
          },
        }
      },
      catch: brokenBy,
    }).pipe(
      Effect.catch((broken) => Effect.succeed(broken)),
      Effect.timeoutOrElse({
        duration: timeoutMillis,
        orElse: () =>
          Effect.succeed<Outcome>({
            _tag: "Broken",
            how: `no response within ${timeoutMillis / 1000} seconds`,
            isUnreachable: false,
          }),
      }),
    )
})

const headersOf = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Predicate.isString(value) ? value : (value ?? []).join(", "),
    ]),
  )

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
])

const brokenBy = (cause: unknown): Outcome => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : undefined
  const isUnreachable = code !== undefined && unreachable.has(code)
  const what = isUnreachable ? "the server cannot be reached" : "the connection broke"
  return { _tag: "Broken", how: code === undefined ? what : `${what} (${code})`, isUnreachable }
}
