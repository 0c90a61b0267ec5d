/** What a call uses of the application: its clock, logger, metrics, tracer and HTTP client. */
import type { Task } from "./Task.ts"

/** The application, as one call sees it. */
export interface Host {
  readonly minimumLogLevel: LogLevel
  readonly log: (line: LogLine) => void
  readonly measure: (measurement: Measurement) => void
  /** The clock, unless it is that of the machine. */
  readonly clock: HostClock | undefined
  /** The tracer, if there is one that somebody looks at. */
  readonly tracer: HostTracer | undefined
}

/** The application, as a send sees it. */
export interface SendingHost extends Host {
  /** The `fetch` of the application, unless it is the global one. */
  readonly fetch: typeof globalThis.fetch | undefined
  /** Sends a request with the HTTP client of the application. */
  readonly exchange: (
    request: HttpRequest,
    events: ExchangeEvents,
  ) => Task<HttpResponse, HttpFailure>
}

// -----------------------------------------------------------------------------
// Logs, metrics, time
// -----------------------------------------------------------------------------

/** A level of logging, by the names of Effect 4. */
export type LogLevel = "All" | "Fatal" | "Error" | "Warn" | "Info" | "Debug" | "Trace" | "None"

/** A line of a log. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: unknown
  readonly annotations: Readonly<Record<string, unknown>>
  /** Why, if it is about a failure. */
  readonly causes: ReadonlyArray<LogCause>
}

/** A part of why something failed. */
export interface LogCause {
  readonly _tag: "Failure" | "Died" | "Interrupted"
  readonly value: unknown
}

/** A number for a metric. */
export interface Measurement {
  readonly series: Series
  readonly value: number
}

/** A metric with its attributes. It is the same object for each measurement of it. */
export interface Series {
  readonly type: "counter" | "histogram"
  readonly name: string
  readonly description: string | undefined
  readonly attributes: Readonly<Record<string, string>>
  /** The upper bounds of the buckets of a histogram; empty for a counter. */
  readonly boundaries: ReadonlyArray<number>
}

/** A clock. */
export interface HostClock {
  readonly nowMillis: () => number
  readonly nowNanos: () => bigint
  readonly sleep: (millis: number) => Task<void>
}

// -----------------------------------------------------------------------------
// Spans
// -----------------------------------------------------------------------------

/** A tracer. */
export interface HostTracer {
  /** The span of the caller, if there is one. */
  readonly parent: HostSpan | undefined
  readonly span: (options: SpanOptions) => HostSpan
}

/** The options of a span. */
export interface SpanOptions {
  readonly name: string
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer"
  readonly parent: HostSpan | undefined
  readonly startNanos: bigint
}

/** A span. */
export interface HostSpan {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
  readonly attribute: (key: string, value: unknown) => void
  readonly end: (nanos: bigint, end: SpanEnd) => void
}

/** How a span ended. An error is one of `SentError` or of its reasons. */
export type SpanEnd =
  | { readonly _tag: "Success" }
  | { readonly _tag: "Failure"; readonly name: string; readonly message: string }
  | { readonly _tag: "Died"; readonly defect: unknown }
  | { readonly _tag: "Interrupted" }

// -----------------------------------------------------------------------------
// HTTP
// -----------------------------------------------------------------------------

/** A request. */
export interface HttpRequest {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Must be passed on as this object: what the runtime reports of the request is found by it. */
  readonly body: Uint8Array | undefined
  readonly contentType: string | undefined
}

/** What a run of the HTTP client reports. */
export interface ExchangeEvents {
  /** The `fetch` to use, which counts its calls. */
  readonly fetch: typeof globalThis.fetch
  /** The span of the attempt. */
  readonly span: HostSpan | undefined
  /** Called before each run of the transport. If it returns false, nothing must be sent. */
  readonly begin: () => boolean
  /** Runs a piece of the client's work so that what it sends is seen to be of this attempt. */
  readonly within: (work: () => void) => void
  /** Is given what aborts the request, also after its response. */
  readonly onAbort: (abort: () => void) => void
}

/** A response, whose body is not read yet. */
export interface HttpResponse {
  readonly status: number
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether it answers another URL than the request was sent to. */
  readonly isElsewhere: boolean
  /** The next bytes of the body; undefined at its end. */
  readonly pull: Task<ReadonlyArray<Uint8Array> | undefined, unknown>
  readonly bytes: Task<ArrayBuffer, unknown>
  readonly text: Task<string, unknown>
}

/** A failure of the HTTP client. */
export interface HttpFailure {
  readonly cause: unknown
  readonly isElsewhere: boolean
  /** The response, if the client fails although there is one. */
  readonly response: HttpResponse | undefined
}
