/** What depends on the runtime: no page holds the key, and Deno's `fetch` keeps no connections. */
import { SentClient } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"

/** Sets a global variable for the rest of the test. */
const global = (name: string, value: unknown) =>
  Effect.acquireRelease(
    Effect.sync(() => Reflect.set(globalThis, name, value)),
    () => Effect.sync(() => Reflect.deleteProperty(globalThis, name)),
  )

/** A `fetch` that accepts everything and keeps its options. */
const accepting = () => {
  const inits: Array<RequestInit | undefined> = []
  const fetch: typeof globalThis.fetch = async (_, init) => {
    inits.push(init)
    return new Response(null, { status: 204 })
  }
  return { inits, fetch }
}

const build = (options: SentClient.Options) =>
  SentClient.sendToPhone(sample).pipe(
    Effect.provide(clientLayer(FetchHttpClient.layer, options)),
    Effect.provideService(FetchHttpClient.Fetch, accepting().fetch),
  )

describe("where there is a document", () => {
  it.effect("a layer fails, and says why and what to do in tests", () =>
    Effect.gen(function* () {
      yield* global("document", {})
      const { delivery, reason } = yield* Effect.flip(build({}))
      assert.strictEqual(delivery, "not-sent")
      assert.strictEqual(reason._tag, "InvalidOptions")
      assert.match(
        reason.message,
        /dangerouslyAllowBrowser .*API key.*Send from a server.*jsdom, happy-dom/,
      )
    }),
  )

  it.effect("a layer fails also with the option set to anything but true", () =>
    Effect.gen(function* () {
      yield* global("document", {})
      const { reason } = yield* Effect.flip(build({ dangerouslyAllowBrowser: false }))
      assert.strictEqual(reason._tag, "InvalidOptions")
    }),
  )

  it.effect("a layer is built if the application says so", () =>
    Effect.gen(function* () {
      yield* global("document", {})
      const { status } = yield* build({ dangerouslyAllowBrowser: true })
      assert.strictEqual(status, 204)
    }),
  )
})

describe("on Deno", () => {
  it.effect("requests use a client of the layer that keeps no connections", () =>
    Effect.gen(function* () {
      const made: Array<unknown> = []
      let closed = 0
      const client = {
        close: () => {
          closed += 1
        },
      }
      yield* global("Deno", {
        createHttpClient: (options: unknown) => {
          made.push(options)
          return client
        },
      })
      const { fetch, inits } = accepting()
      yield* Effect.andThen(SentClient.sendToPhone(sample), SentClient.sendToPhone(sample)).pipe(
        Effect.provide(clientLayer(FetchHttpClient.layer, {})),
        Effect.provideService(FetchHttpClient.Fetch, fetch),
      )
      assert.deepStrictEqual(made, [{ poolMaxIdlePerHost: 0 }])
      assert.deepStrictEqual(
        inits.map((init) => Reflect.get(init ?? {}, "client")),
        [client, client],
      )
      assert.strictEqual(closed, 1)
    }),
  )

  it.effect("a client of the application is kept", () =>
    Effect.gen(function* () {
      yield* global("Deno", { createHttpClient: () => ({ close: () => undefined }) })
      const { fetch, inits } = accepting()
      const own = {}
      yield* SentClient.sendToPhone(sample).pipe(
        Effect.provide(clientLayer(FetchHttpClient.layer, {})),
        Effect.provideService(FetchHttpClient.Fetch, fetch),
        Effect.provideService(
          FetchHttpClient.RequestInit,
          // An option that only Deno has.
          Object.assign<RequestInit, object>({}, { client: own }),
        ),
      )
      assert.strictEqual(Reflect.get(inits[0] ?? {}, "client"), own)
    }),
  )
})
