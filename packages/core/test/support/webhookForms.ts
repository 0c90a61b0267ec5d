/** The forms in which a receiver is served, and calls as the provider makes them. */
import { type DeliveryStatus, SentWebhook } from "@effect-sent/core"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer, type Scope } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"

export const secretOf = (text: string): string => `whsec_${Buffer.from(text).toString("base64")}`

export const secret = secretOf("a key of the tests, and no other")

export const updateOf = (status: string, seconds = 42): string =>
  JSON.stringify({
    field: "message",
    sub_type: `message.${status.toLowerCase()}`,
    timestamp: `2025-10-31T10:10:${seconds}Z`,
    payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: status },
  })

export type Handle = (event: DeliveryStatus.DeliveryEvent) => Effect.Effect<void, unknown>

export type Options = Omit<SentWebhook.ReceiverOptions<unknown>, "handle"> & {
  readonly handle: Handle
}

export type Handler = (request: Request) => Promise<Response>

/** A receiver in one of its forms, until the scope closes. */
export type Serve = (options: Options) => Effect.Effect<Handler, unknown, Scope.Scope>

const path = "/hooks/sent"

/** Listens on a free port; returns the URL of the path. */
export const listen = (listener: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = createServer(listener).listen(0, "127.0.0.1")
      await once(server, "listening")
      return server
    }),
    (server) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      }),
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return `http://127.0.0.1:${port}${path}`
    }),
  )

/** Serves routes on Effect's server for Node; returns the URL of the path. */
export const serveRoutes = <E>(
  routes: Layer.Layer<never, E, HttpRouter.HttpRouter>,
  { disableLogger = true }: { readonly disableLogger?: boolean } = {},
): Effect.Effect<string, E, Scope.Scope> =>
  Effect.gen(function* () {
    const Served = HttpRouter.serve(routes, { disableLogger, disableListenLog: true })
    const Server = Layer.orDie(
      NodeHttpServer.layer(createServer, {
        port: 0,
        host: "127.0.0.1",
        disablePreemptiveShutdown: true,
      }),
    )
    const context = yield* Layer.build(Layer.provideMerge(Served, Server))
    const { address } = Context.get(context, HttpServer.HttpServer)
    return HttpServer.formatAddress(address) + path
  })

/** Calls a server as its request says. */
export const over =
  (url: string): Handler =>
  (request) =>
    fetch(new Request(url, request))

/** Every form. */
export const forms: ReadonlyArray<readonly [name: string, serve: Serve]> = [
  [
    "makeReceiver",
    (options) =>
      Effect.map(SentWebhook.makeReceiver(options), (receive) => async (request) => {
        const { body, headers, status } = await Effect.runPromise(
          receive({
            method: request.method,
            headers: request.headers,
            body: await request.arrayBuffer(),
          }),
        )
        return new Response(body === "" ? null : body, { headers, status })
      }),
  ],
  ["toWebHandler", (options) => SentWebhook.toWebHandler(options)],
  [
    "toNodeHandler",
    (options) => SentWebhook.toNodeHandler(options).pipe(Effect.flatMap(listen), Effect.map(over)),
  ],
  [
    "route on a web handler",
    (options) =>
      Effect.sync(() => {
        const app = HttpRouter.toWebHandler(SentWebhook.route(path, options), {
          disableLogger: true,
        })
        return (request) => app.handler(request, Context.empty())
      }),
  ],
  ["route", (options) => Effect.map(serveRoutes(SentWebhook.route(path, options)), over)],
]

/** A call, signed by the clock of the test. */
export type Call = (
  text: string | Uint8Array<ArrayBuffer>,
  init?: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly without?: string
    readonly signal?: AbortSignal
  },
) => Effect.Effect<Response>

export const caller =
  (handler: Handler, by = secret): Call =>
  (text, { headers = {}, method = "POST", signal, without } = {}) =>
    Effect.flatMap(Effect.orDie(SentWebhook.sign(text, { secret: by })), (signed) => {
      const request = new Request(`https://app.example.com${path}`, {
        method,
        headers: { "content-type": "application/json", ...signed, ...headers },
        ...(method === "GET" ? {} : { body: text }),
        ...(signal === undefined ? {} : { signal }),
      })
      if (without !== undefined) request.headers.delete(without)
      return Effect.promise(() => handler(request))
    })
