/** The requests of a load. */
import { Pool } from "@effect/platform-node/Undici"
import { credentials, sample } from "@effect-sent/faults/sample"
import { Data, Effect, type Scope } from "effect"

/** The measurement cannot go on. */
export class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}

const concurrency = 32

const { webhookUrl: _, ...withoutUrl } = sample

/**
 * The sample of the API reference. Its `webhookUrl` is on the internet, and Prism would call it for every request. The one used here
 * is not allowed by our mock, and Prism calls this machine, which refuses the connection.
 */
export const samples = {
  plain: JSON.stringify(withoutUrl),
  webhook: JSON.stringify({ ...sample, webhookUrl: "http://0.0.0.0:9/webhook/message-status" }),
}

export type Sample = keyof typeof samples

export const send = (pool: Pool, body: string): Effect.Effect<void, Broken> =>
  Effect.tryPromise({
    try: async () => {
      const response = await pool.request({
        method: "POST",
        path: "/v1/messages/phone",
        headers: {
          "content-type": "application/json",
          "x-api-key": credentials.apiKey,
          "x-sender-id": credentials.senderId,
        },
        body,
      })
      await response.body.dump()
      return response.statusCode
    },
    catch: (cause) => new Broken({ message: String(cause) }),
  }).pipe(
    Effect.flatMap((status) =>
      status === 204
        ? Effect.void
        : Effect.fail(new Broken({ message: `the answer to a valid request was ${status}` })),
    ),
  )

/** Opens new connections for every round: earlier ones would time out during the other server's turn. */
export const connect = (
  port: number,
  connections: number,
): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool(`http://127.0.0.1:${port}`, { connections })),
    (pool) => Effect.promise(() => pool.destroy()),
  )

/** Sends while `goesOn` returns true. Returns the accepted requests per second. */
export const load = Effect.fnUntraced(function* (
  { port }: { readonly port: number },
  bodyOf: (index: number) => string,
  goesOn: (sent: number, millis: number) => boolean,
): Effect.fn.Return<number, Broken, Scope.Scope> {
  const pool = yield* connect(port, concurrency)
  const startedAt = performance.now()
  let sent = 0
  const sender = Effect.gen(function* () {
    while (goesOn(sent, performance.now() - startedAt)) {
      const body = bodyOf(sent)
      sent += 1
      yield* send(pool, body)
    }
  })
  yield* Effect.all(
    Array.from({ length: concurrency }, () => sender),
    { concurrency: "unbounded", discard: true },
  )
  return (sent / (performance.now() - startedAt)) * 1000
}, Effect.scoped)
