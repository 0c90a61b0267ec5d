/** A server that does one thing wrong: it stands in front of another and changes what the caller says it should. */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import { createServer } from "node:http"
import { buffer } from "node:stream/consumers"

export interface Exchange {
  readonly body: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Answer = Pick<Exchange, "status" | "headers" | "text">

export interface WrongServer {
  readonly url: string
  /** In the order in which they came. */
  readonly requests: ReadonlyArray<{
    readonly body: string
    readonly headers: Readonly<Record<string, unknown>>
  }>
}

/** Answers as the server at `baseUrl` does, but for what `change` makes of it. */
export const makeWrongServer = (
  baseUrl: string,
  change: (exchange: Exchange) => Partial<Answer> | undefined,
): Effect.Effect<WrongServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<WrongServer["requests"][number]> = []
      const server = createServer(async (request, response) => {
        try {
          const bytes = await buffer(request)
          const body = bytes.toString("utf8")
          requests.push({ body, headers: request.headers })
          const { "transfer-encoding": _, connection: __, host: ___, ...headers } = request.headers
          const answer = await fetch(`${baseUrl}${request.url ?? ""}`, {
            method: request.method ?? "GET",
            headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
            ...(bytes.length === 0 ? {} : { body: new Uint8Array(bytes) }),
          })
          const given = {
            status: answer.status,
            headers: answer.headers,
            text: await answer.text(),
          }
          const changed: Answer = { ...given, ...change({ body, ...given }) }
          const own = new Set(["connection", "content-length", "keep-alive"])
          const sent = [...changed.headers].filter(([name]) => !own.has(name))
          response.writeHead(changed.status, sent.flat())
          response.end(changed.text)
        } catch {
          // As the other server does when a scenario loses the answer.
          request.socket.resetAndDestroy()
        }
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { server, requests, url: `http://127.0.0.1:${port}` }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      }),
  )

/** The same headers without one. */
export const withoutHeader = (headers: Headers, name: string): Headers => {
  const others = new Headers(headers)
  others.delete(name)
  return others
}
