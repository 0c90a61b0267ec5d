/** The context of a call: the application's clock, logger, metrics and tracer as services of Effect 4. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Host, HostClock, LogCause, LogLevel, SendingHost, Series } from "../Host.ts"
import { ambientSpan, bridgedTracer } from "./spans.ts"
import { fromTask } from "./tasks.ts"

/** A call of the application. */
export interface Call {
  readonly host: Host | SendingHost
  /** The request of the attempt that is about to run. */
  request: HttpClientRequest.HttpClientRequest | undefined
}

/** The call that a fiber works for. */
export const CurrentCall: Context.Reference<Call | undefined> = Context.Reference<Call | undefined>(
  "@effect-sent/facade/CurrentCall",
  { defaultValue: () => undefined },
)

/** The services of a call. */
export const contextOf = (host: Host): Context.Context<never> => {
  const call: Call = { host, request: undefined }
  const context = Context.add(baseOf(host.minimumLogLevel), CurrentCall, call)
  const timed =
    host.clock === undefined ? context : Context.add(context, Clock.Clock, bridgedClock(host.clock))
  if (host.tracer === undefined) return timed
  const traced = Context.add(timed, Tracer.Tracer, bridgedTracer(host.tracer))
  return host.tracer.parent === undefined
    ? traced
    : Context.add(traced, Tracer.ParentSpan, ambientSpan(host.tracer.parent))
}

const bases = new Map<LogLevel, Context.Context<never>>()

const baseOf = (level: LogLevel): Context.Context<never> => {
  const known = bases.get(level)
  if (known !== undefined) return known
  const base = Context.empty().pipe(
    Context.add(References.MinimumLogLevel, level),
    Context.add(Logger.CurrentLoggers, new Set([logger])),
    Context.add(Metric.MetricRegistry, new Measuring()),
  )
  bases.set(level, base)
  return base
}

// -----------------------------------------------------------------------------
// Logs
// -----------------------------------------------------------------------------

const logger: Logger.Logger<unknown, void> = /* @__PURE__ */ Logger.make(
  ({ cause, fiber, logLevel, message }) => {
    fiber.getRef(CurrentCall)?.host.log({
      level: logLevel,
      message: Array.isArray(message) && message.length === 1 ? message[0] : message,
      annotations: fiber.getRef(References.CurrentLogAnnotations),
      causes: cause.reasons.map((reason): LogCause => {
        switch (reason._tag) {
          case "Fail":
            return { _tag: "Failure", value: reason.error }
          case "Die":
            return { _tag: "Died", value: reason.defect }
          default:
            return { _tag: "Interrupted", value: undefined }
        }
      }),
    })
  },
)

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

type Metadata = Metric.MetricRegistry extends Map<string, infer Value> ? Value : never

/** A registry that keeps no numbers: it passes each on to the application. */
class Measuring extends Map<string, Metadata> {
  override set(key: string, metadata: Metadata): this {
    const series = seriesOf(metadata)
    const pass = (value: number, context: Context.Context<never>): void =>
      Context.get(context, CurrentCall)?.host.measure({ series, value })
    return super.set(key, {
      ...metadata,
      hooks: { get: metadata.hooks.get, update: pass, modify: pass },
    })
  }
}

const seriesOf = ({ attributes = {}, description, hooks, id }: Metadata): Series => {
  const state: unknown = hooks.get(Context.empty())
  const isHistogram = isHistogramState(state)
  return {
    type: isHistogram ? "histogram" : "counter",
    name: id,
    description,
    attributes: { ...attributes },
    boundaries: isHistogram ? state.buckets.map(([boundary]) => boundary) : [],
  }
}

const isHistogramState = (state: unknown): state is Metric.HistogramState =>
  typeof state === "object" && state !== null && "buckets" in state

// -----------------------------------------------------------------------------
// Time
// -----------------------------------------------------------------------------

const bridgedClock = ({ nowMillis, nowNanos, sleep }: HostClock): Clock.Clock => ({
  currentTimeMillisUnsafe: nowMillis,
  currentTimeMillis: Effect.sync(nowMillis),
  currentTimeNanosUnsafe: nowNanos,
  currentTimeNanos: Effect.sync(nowNanos),
  monotonicTimeNanosUnsafe: nowNanos,
  monotonicTimeNanos: Effect.sync(nowNanos),
  sleep: (duration) => fromTask(sleep(Duration.toMillis(duration))),
})
