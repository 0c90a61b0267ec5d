/** What sends in the comparison of `pnpm bench sends`: each makes the same request, and reads its answer. */
import { CircuitBreak, RateLimit, SentClient, SentCredentials } from "@effect-sent/core"
import { credentials, sample } from "@effect-sent/faults/sample"
import { NodeHttpClient } from "@effect/platform-node"
import { Sent } from "@sentdm/sentdm"
import { Effect, Layer, ManagedRuntime, Option, Tracer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { Pool } from "undici"

/** How many sends there are, and how many of them are under way at a time. */
export interface Window {
  readonly concurrency: number
  readonly sends: number
}

/** Sends for a window, and returns how many milliseconds each send took. */
export type Play = (window: Window) => Promise<ReadonlyArray<number>>

const path = "/v1/messages/phone"

const headers = {
  "x-sender-id": credentials.senderId,
  "x-api-key": credentials.apiKey,
  accept: "application/problem+json, application/json",
  "content-type": "application/json",
}

// -----------------------------------------------------------------------------
// Loops
// -----------------------------------------------------------------------------

const ofPromise =
  (send: () => Promise<unknown>): Play =>
  async ({ concurrency, sends }) => {
    const took: Array<number> = []
    let begun = 0
    const loop = async (): Promise<void> => {
      while (begun++ < sends) {
        const begin = performance.now()
        // Each loop waits for its answer.
        // oxlint-disable-next-line no-await-in-loop
        await send()
        took.push(performance.now() - begin)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
    return took
  }

const ofEffect = <R>(
  send: Effect.Effect<unknown, never, R>,
  layer: Layer.Layer<R, unknown>,
): Play => {
  // Never disposed of: the process ends with it.
  const runtime = ManagedRuntime.make(layer)
  return async ({ concurrency, sends }) => {
    await runtime.context()
    const took: Array<number> = []
    let begun = 0
    const loop = Effect.suspend(() => {
      let begin = 0
      return Effect.whileLoop({
        while: () => begun++ < sends,
        body: () => {
          begin = performance.now()
          return send
        },
        step: () => {
          took.push(performance.now() - begin)
        },
      })
    })
    await runtime.runPromise(
      Effect.all(
        Array.from({ length: concurrency }, () => loop),
        { concurrency: "unbounded", discard: true },
      ),
    )
    return took
  }
}

// -----------------------------------------------------------------------------
// The others
// -----------------------------------------------------------------------------

const undici = (baseUrl: string): Play => {
  const pool = new Pool(baseUrl)
  return ofPromise(async () => {
    const response = await pool.request({
      path,
      method: "POST",
      headers,
      body: JSON.stringify(sample),
    })
    await response.body.text()
    if (response.statusCode !== 204) throw new Error(`answered ${response.statusCode}`)
  })
}

const fetching = (baseUrl: string): Play =>
  ofPromise(async () => {
    const response = await fetch(`${baseUrl}${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(sample),
    })
    await response.text()
    if (response.status !== 204) throw new Error(`answered ${response.status}`)
  })

const sdk = (baseUrl: string): Play => {
  const client = new Sent({
    apiKey: credentials.apiKey,
    baseURL: baseUrl,
    defaultHeaders: { "x-sender-id": credentials.senderId },
    logLevel: "off",
  })
  return ofPromise(() => client.post(path, { body: sample }))
}

/** What an exporter sends of a span. */
const recordOf = (span: Tracer.Span): object => ({
  name: span.name,
  traceId: span.traceId,
  spanId: span.spanId,
  parentId: Option.getOrUndefined(span.parent)?.spanId,
  kind: span.kind,
  status: Reflect.get(span.status, "exit")?._tag,
  attributes: [...span.attributes],
})

/**
 * Records each span at its end, and keeps the last records, as Effect's exporter does until it has sent them. A span that is kept
 * holds its result: the response of the bare client, whose collection is then postponed until after the measurement.
 */
const recording = Layer.sync(Tracer.Tracer, () => {
  const records: Array<object> = []
  class RecordedSpan extends Tracer.NativeSpan {
    override end(...args: Parameters<Tracer.NativeSpan["end"]>): void {
      super.end(...args)
      if (records.push(recordOf(this)) > 1000) records.length = 0
    }
  }
  return Tracer.make({ span: (options) => new RecordedSpan(options) })
})

/** A client of Effect that sends and reads the answer, and knows nothing of what an answer means. */
const bare = (
  http: Layer.Layer<HttpClient.HttpClient>,
  url: string,
  { hasSpan, status }: { readonly hasSpan: boolean; readonly status: number },
): Play =>
  ofEffect(
    HttpClient.HttpClient.use((client) =>
      client.execute(
        HttpClientRequest.post(`${url}${path}`, { headers }).pipe(
          HttpClientRequest.bodyJsonUnsafe(sample),
        ),
      ),
    ).pipe(
      Effect.flatMap((response) =>
        response.status === status ? response.text : Effect.die(`answered ${response.status}`),
      ),
      Effect.orDie,
    ),
    Layer.merge(
      http,
      Layer.succeed(HttpClient.TracerDisabledWhen, () => !hasSpan),
    ),
  )

// -----------------------------------------------------------------------------
// The client of this repository
// -----------------------------------------------------------------------------

const clientOf = (http: Layer.Layer<HttpClient.HttpClient>, options: SentClient.Options) =>
  SentClient.layer(options).pipe(
    Layer.provide(SentCredentials.layer(credentials)),
    Layer.provide(http),
  )

const accepted = (http: Layer.Layer<HttpClient.HttpClient>, options: SentClient.Options): Play =>
  ofEffect(Effect.orDie(SentClient.sendToPhone(sample)), clientOf(http, options))

const rejected = (baseUrl: string): Play =>
  ofEffect(
    Effect.flatMap(Effect.flip(SentClient.sendToPhone(sample)), ({ reason }) =>
      reason._tag === "TemplateNotFound" ? Effect.void : Effect.die(`rejected as ${reason._tag}`),
    ).pipe(Effect.orDie),
    clientOf(NodeHttpClient.layerUndici, { baseUrl }),
  )

const traced = (baseUrl: string): Play =>
  ofEffect(
    Effect.orDie(SentClient.sendToPhone(sample)),
    Layer.merge(clientOf(NodeHttpClient.layerUndici, { baseUrl }), recording),
  )

const limits: SentClient.Options = {
  rateLimit: RateLimit.make({ limit: 100_000_000, window: "1 second" }),
  circuitBreak: CircuitBreak.make(),
}

/** Makes each contestant. */
export const contestants = {
  undici: ({ baseUrl }) => undici(baseUrl),
  "@sentdm/sentdm": ({ baseUrl }) => sdk(baseUrl),
  "Effect over undici": ({ baseUrl }) =>
    bare(NodeHttpClient.layerUndici, baseUrl, { hasSpan: true, status: 204 }),
  "core over undici": ({ baseUrl }) => accepted(NodeHttpClient.layerUndici, { baseUrl }),
  "core over undici, limited": ({ baseUrl }) =>
    accepted(NodeHttpClient.layerUndici, { baseUrl, ...limits }),
  "Effect over undici, no span": ({ baseUrl }) =>
    bare(NodeHttpClient.layerUndici, baseUrl, { hasSpan: false, status: 204 }),
  "Effect over undici, a 400": ({ baseUrl }) =>
    bare(NodeHttpClient.layerUndici, `${baseUrl}/rejecting`, { hasSpan: true, status: 400 }),
  "core over undici, a 400": ({ baseUrl }) => rejected(`${baseUrl}/rejecting`),
  "Effect over undici, traced": ({ baseUrl }) =>
    bare(Layer.merge(NodeHttpClient.layerUndici, recording), baseUrl, {
      hasSpan: true,
      status: 204,
    }),
  "core over undici, traced": ({ baseUrl }) => traced(baseUrl),
  fetch: ({ baseUrl }) => fetching(baseUrl),
  "Effect over fetch": ({ baseUrl }) =>
    bare(FetchHttpClient.layer, baseUrl, { hasSpan: true, status: 204 }),
  "core over fetch": ({ baseUrl }) => accepted(FetchHttpClient.layer, { baseUrl }),
} satisfies Readonly<Record<string, (place: { readonly baseUrl: string }) => Play>>

export type Contestant = keyof typeof contestants
