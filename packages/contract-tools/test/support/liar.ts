/**
 * A server that lies: it stands in front of the mock and changes what the lies say, requests, answers and updates. Each lie is
 * about few requests, so that a server can tell many.
 */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http"
import { buffer } from "node:stream/consumers"

export interface LiarRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface LiarAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface LiarUpdate {
  readonly method: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body: string
}

export interface Lie {
  readonly name: string
  /** The server that tells it: lies about the same request need different ones. */
  readonly server: string
  /** What the mock gets in place of a request: that is how it comes to accept an invalid one. */
  readonly rewrite?: (request: LiarRequest) => Partial<LiarRequest> | undefined
  readonly answer?: (request: LiarRequest, answer: LiarAnswer) => Partial<LiarAnswer> | undefined
  /** The bytes of the answer. */
  readonly raw?: (request: LiarRequest, answer: LiarAnswer) => Buffer | string | undefined
  /** How long the answer is held back, in milliseconds. */
  readonly hold?: (request: LiarRequest) => number | undefined
  /** The updates that are sent in place of one. `number` counts those of one URL. */
  readonly update?: (
    request: LiarRequest,
    update: LiarUpdate,
    number: number,
  ) => ReadonlyArray<LiarUpdate> | undefined
  /** Whether the mock is told that its updates were received, whatever the receiver answered. */
  readonly swallows?: (request: LiarRequest) => boolean
  /** The check that finds it, and the rule; or the part of the contract that is not covered. */
  readonly found: readonly [check: string, rule: string] | { readonly uncovered: string }
}

const first = <A>(lies: ReadonlyArray<Lie>, apply: (lie: Lie) => A | undefined): A | undefined => {
  for (const lie of lies) {
    const result = apply(lie)
    if (result !== undefined) return result
  }
  return undefined
}

const headersOf = (request: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))

/** Node's type of outgoing headers has no read-only lists. */
const mutable = (headers: LiarUpdate["headers"]): Record<string, string | Array<string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : [...value],
    ]),
  )

const call = async (
  url: string,
  {
    body,
    headers,
    method,
  }: { method: string; headers: LiarUpdate["headers"]; body: Buffer | string },
): Promise<LiarAnswer> => {
  const {
    connection: _,
    host: __,
    "transfer-encoding": ___,
    "content-length": ____,
    ...others
  } = headers
  const sent = httpRequest(url, {
    method,
    agent: false,
    headers: { ...mutable(others), "content-length": Buffer.byteLength(body) },
  })
  sent.end(body)
  const [response]: Array<IncomingMessage> = await once(sent, "response")
  if (response === undefined) throw new Error("no response")
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    body: await buffer(response),
  }
}

/** Tells these lies in front of the server at `baseUrl`. */
export const makeLiar = (
  baseUrl: string,
  lies: ReadonlyArray<Lie>,
): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const relayed: Array<{
          readonly to: string
          readonly request: LiarRequest
          count: number
        }> = []
        let own = ""

        const relay = async (
          incoming: IncomingMessage,
          response: ServerResponse,
        ): Promise<void> => {
          const entry = relayed[Number(incoming.url?.split("/").at(-1))]
          if (entry === undefined) throw new Error("unknown relay")
          const { request, to } = entry
          const update = {
            method: "POST",
            headers: headersOf(incoming),
            body: (await buffer(incoming)).toString("utf8"),
          }
          const number = ++entry.count
          const sent = first(lies, ({ update: change }) => change?.(request, update, number)) ?? [
            update,
          ]
          let status = 204
          // oxlint-disable-next-line no-await-in-loop -- in order.
          for (const one of sent) ({ status } = await call(to, one))
          if (lies.some(({ swallows }) => swallows?.(request) === true)) status = 204
          response.writeHead(status).end()
        }

        const serve = async (
          incoming: IncomingMessage,
          response: ServerResponse,
        ): Promise<void> => {
          const request: LiarRequest = {
            method: incoming.method ?? "",
            url: incoming.url ?? "",
            headers: headersOf(incoming),
            body: await buffer(incoming),
          }
          const rewritten = { ...request, ...first(lies, ({ rewrite }) => rewrite?.(request)) }
          const text = rewritten.body.toString("latin1")
          const [, to] = /"webhookUrl":"(http:\/\/[^"]*\/updates\/\d+)"/.exec(text) ?? []
          const body =
            to === undefined
              ? rewritten.body
              : Buffer.from(
                  text.replace(to, `${own}/relay/${relayed.push({ to, request, count: 0 }) - 1}`),
                  "latin1",
                )
          const given = await call(`${baseUrl}${rewritten.url}`, { ...rewritten, body })
          const hold = first(lies, (lie) => lie.hold?.(request))
          if (hold !== undefined) await new Promise((resolve) => setTimeout(resolve, hold))
          const answer = { ...given, ...first(lies, (lie) => lie.answer?.(request, given)) }
          const raw = first(lies, (lie) => lie.raw?.(request, answer))
          if (raw !== undefined) return void incoming.socket.end(raw)
          const {
            "content-length": _,
            connection: __,
            "transfer-encoding": ___,
            ...headers
          } = answer.headers
          response.writeHead(answer.status, headers)
          response.end(answer.status === 204 ? undefined : answer.body)
        }

        const server = createServer((incoming, response) => {
          const handle = incoming.url?.startsWith("/relay/") === true ? relay : serve
          // As the mock does when a scenario loses the answer, and a receiver that breaks off.
          handle(incoming, response).catch(() => incoming.socket.resetAndDestroy())
        })
        server.listen(0, "127.0.0.1")
        await once(server, "listening")
        const address = server.address()
        own = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`
        return { server, own }
      }),
      ({ server }) =>
        Effect.promise(async () => {
          server.closeAllConnections()
          server.close()
          await once(server, "close")
        }),
    ),
    ({ own }) => own,
  )
