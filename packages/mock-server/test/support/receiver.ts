/** A receiver of delivery updates: a real server on loopback. */
import { Effect, Predicate } from "effect"
import type { Scope } from "effect"
import { once } from "node:events"
import { createServer } from "node:http"

export interface ReceivedUpdate {
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: { readonly timestamp: string; readonly payload: Readonly<Record<string, string>> }
}

export interface Receiver {
  readonly url: string
  /** The updates in the order of their arrival. */
  readonly updates: Array<ReceivedUpdate>
}

/**
 * Starts a receiver that answers updates with the given statuses in turn, and then always with the last one. `undefined` means no
 * answer. A function decides by the URL.
 */
export const makeReceiver = (
  statuses: ReadonlyArray<number | undefined> | ((url: string) => number | undefined) = [204],
  headers: Readonly<Record<string, string>> = {},
  answer = "",
): Effect.Effect<Receiver, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const updates: Array<ReceivedUpdate> = []
      const server = createServer((request, response) => {
        let text = ""
        request.setEncoding("utf8")
        request.on("data", (chunk: string) => (text += chunk))
        request.on("end", () => {
          const status = Predicate.isFunction(statuses)
            ? statuses(request.url ?? "")
            : statuses[Math.min(updates.length, statuses.length - 1)]
          updates.push({
            headers: Object.fromEntries(
              Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
            ),
            text,
            // The tests check the form.
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion
            body: JSON.parse(text) as ReceivedUpdate["body"],
          })
          if (status !== undefined) response.writeHead(status, headers).end(answer)
        })
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { server, receiver: { url: `http://127.0.0.1:${port}/updates`, updates } }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      }),
  ).pipe(Effect.map(({ receiver }) => receiver))

export const statusesOf = ({ updates }: Receiver): ReadonlyArray<string | undefined> =>
  updates.map(({ body }) => body.payload["message_status"])
