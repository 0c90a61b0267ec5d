/**
 * Spans, metrics and log lines of a send. None of them holds a phone number, a template value, a key or a sender id.
 *
 * Names follow OpenTelemetry's semantic conventions for HTTP clients, and `sent.*` for the rest.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { CurrentStackFrame } from "effect/References"
import * as Tracer from "effect/Tracer"
import type { SentError } from "../../SentError.ts"
import type { Accepted } from "./answer.ts"
import type { Operation } from "./operation.ts"
import type { Knowledge, Progress } from "./progress.ts"
import type { Reason } from "./reason.ts"
import { deliveryOf } from "./reasonTable.ts"
import { addressOf } from "./transport.ts"
import { withStack } from "./withoutStack.ts"

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, Number.POSITIVE_INFINITY]

const sends = Metric.counter("sent.sends", {
  description: "Sends, by `sent.outcome` (accepted, rejected, unknown) and `sent.reason`",
  attributes: { unit: "{send}" },
  incremental: true,
})

const attempts = Metric.counter("sent.attempts", {
  description: "Requests that were sent",
  attributes: { unit: "{request}" },
  incremental: true,
})

const retryWaits = Metric.histogram("sent.retry.wait", {
  description: "Wait between two attempts, in seconds",
  attributes: { unit: "s" },
  boundaries: seconds,
})

const durations = Metric.histogram("sent.send.duration", {
  description: "Duration of a send, waits included, in seconds, by `sent.outcome`",
  attributes: { unit: "s" },
  boundaries: seconds,
})

// -----------------------------------------------------------------------------
// Spans
// -----------------------------------------------------------------------------

/** Whether somebody looks at the spans of a fiber. One that nobody looks at costs as much as a send. */
const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracer !== undefined && cache.tracerEnabled

/** Runs a function in a span, with the line that called it in the traces, if somebody looks. */
export const inSpan = <Args extends ReadonlyArray<unknown>, A, E>(
  name: string,
  run: (...args: Args) => Effect.Effect<A, E>,
): ((...args: Args) => Effect.Effect<A, E>) => {
  // In place of `Effect.fn`, whose line would be one of this file, and which changes the context twice.
  const traced = (args: Args, called: Error | undefined): Effect.Effect<A, E> => {
    const stack = () => called?.stack?.split("\n").at(-1)?.trim()
    return Effect.useSpan(name, { kind: "internal" }, (span) =>
      Effect.updateContext(run(...args), (context: Context.Context<never>) =>
        context.pipe(
          Context.add(Tracer.ParentSpan, span),
          Context.add(CurrentStackFrame, {
            name,
            stack,
            parent: Context.get(context, CurrentStackFrame),
          }),
        ),
      ),
    )
  }
  return (...args) => {
    // The line is known now, and the fiber that will run the effect usually is, too.
    const caller = Fiber.getCurrent()
    if (caller !== undefined && isTraced(caller)) return traced(args, withStack(4, makeError))
    return Effect.withFiber((fiber) => (isTraced(fiber) ? traced(args, undefined) : run(...args)))
  }
}

const makeError = (): Error => new Error()

/** Adds attributes to the span of this library that is the current one, if there is one. */
const annotate = (
  fiber: Fiber.Fiber<unknown, unknown>,
  attributes: Readonly<Record<string, unknown>>,
): void => {
  if (!isTraced(fiber)) return
  const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
  if (span?._tag !== "Span") return
  for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
}

// -----------------------------------------------------------------------------
// A send
// -----------------------------------------------------------------------------

/** Observes a whole send, in the current span. */
export const send = <A>(
  sending: Effect.Effect<A, SentError>,
  progress: Pick<Progress, "attempts" | "knowledge">,
): Effect.Effect<A, SentError> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    const startedAt = clock.currentTimeMillisUnsafe()
    return Effect.onExitPrimitive(sending, (exit) => {
      const error = Exit.isFailure(exit)
        ? Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        : undefined
      const reason = error?.reason._tag
      const known = Exit.isSuccess(exit) ? "accepted" : (error?.delivery ?? progress.knowledge)
      const outcome = outcomes[known]
      const series = seriesOf(outcome, reason)
      series.sends.updateUnsafe(1, fiber.context)
      const took = (clock.currentTimeMillisUnsafe() - startedAt) / 1000
      series.durations.updateUnsafe(took, fiber.context)
      // Without an error, the send was interrupted or died, and nobody else reports what is known of the message.
      const isWarned = Exit.isFailure(exit) && error === undefined && outcome === "unknown"
      const isSaid = isWarned || isLogged("Debug", fiber)
      if (!isSaid && !isTraced(fiber)) return undefined
      const attributes = {
        ...attributesOf(outcome, reason),
        "sent.attempts": progress.attempts,
        ...(reason === undefined ? {} : { "error.type": reason }),
      }
      annotate(fiber, attributes)
      if (!isSaid) return undefined
      return Effect.annotateLogs(
        isWarned ? Effect.logWarning(interrupted) : Effect.logDebug(`Send ${outcome}`),
        attributes,
      )
    })
  })

const isLogged = (level: LogLevel.LogLevel, { cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  LogLevel.isLessThanOrEqualTo(cache.minimumLogLevel, level)

const attributesOf = (outcome: string, reason: string | undefined) => ({
  "sent.outcome": outcome,
  ...(reason === undefined ? {} : { "sent.reason": reason }),
})

/** The metrics of the sends that end so. */
interface Series {
  readonly sends: typeof sends
  readonly durations: typeof durations
}

/** A metric with attributes finds its numbers by a key that it makes once: there are as many as outcomes and reasons. */
const allSeries = new Map<string, Map<string | undefined, Series>>()

const seriesOf = (outcome: string, reason: string | undefined): Series => {
  const known = allSeries.get(outcome)?.get(reason)
  if (known !== undefined) return known
  const series = {
    sends: Metric.withAttributes(sends, attributesOf(outcome, reason)),
    durations: Metric.withAttributes(durations, { "sent.outcome": outcome }),
  }
  const ofOutcome = allSeries.get(outcome) ?? new Map<string | undefined, Series>()
  allSeries.set(outcome, ofOutcome.set(reason, series))
  return series
}

const interrupted =
  "Send interrupted while a request was on its way: the message may have been sent. " +
  "To end a send after some time, use its deadline."

const outcomes: { readonly [K in Knowledge]: string } = {
  accepted: "accepted",
  "not-sent": "rejected",
  unknown: "unknown",
}

/** Warns, the first time it is run, that the HTTP client repeats or redirects requests. */
export const makeWarnOfRepeats = (): Effect.Effect<void> => {
  let hasWarned = false
  return Effect.suspend(() => {
    if (hasWarned) return Effect.void
    hasWarned = true
    return Effect.logWarning(
      "The HttpClient given to SentClient repeats or redirects requests, and a repeated request can be a second message: " +
        "remove retry, retryTransient and followRedirects from it, and give a Pool of undici allowH2: false. " +
        "This is logged once.",
    )
  })
}

// -----------------------------------------------------------------------------
// An attempt
// -----------------------------------------------------------------------------

/** Observes one request, in its own span. */
export const attempt =
  ({ method }: Pick<Operation<unknown>, "method">, url: URL, resendCount: number) =>
  (attempting: Effect.Effect<Accepted, Reason>): Effect.Effect<Accepted, Reason> =>
    Effect.withFiber((fiber) => {
      attempts.updateUnsafe(1, fiber.context)
      if (!isTraced(fiber)) return attempting
      const { host, port } = addressOf(url)
      const attributes = {
        "http.request.method": method,
        "server.address": host,
        "server.port": port,
        "url.full": url.href,
        ...(resendCount === 0 ? {} : { "http.request.resend_count": resendCount }),
      }
      // `withSpan` would also add a line to the traces, and with it another context.
      return Effect.useSpan(`${method} ${url.pathname}`, { kind: "client", attributes }, (span) =>
        Effect.provideService(Effect.tapError(attempting, failed), Tracer.ParentSpan, span),
      )
    })

/** Adds the reason of the failure to the span of the attempt. */
const failed = (reason: Reason): Effect.Effect<void> =>
  Effect.map(Effect.orDie(Effect.currentSpan), (span) => {
    const status = span.attributes.get("http.response.status_code")
    // OpenTelemetry: the status as text where the status is the error.
    span.attribute("error.type", Number(status) >= 400 ? String(status) : reason._tag)
    span.attribute("sent.reason", reason._tag)
    span.attribute("sent.delivery", deliveryOf(reason))
  })

/** Adds the status of the response to the span of the attempt. */
export const answered = (fiber: Fiber.Fiber<unknown, unknown>, status: number): void =>
  annotate(fiber, { "http.response.status_code": status })

/** Observes that a send is about to wait for its next attempt. */
export const waiting = (error: SentError, delay: Duration.Duration): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(retryWaits, Duration.toSeconds(delay)),
    Effect.annotateLogs(Effect.logDebug(`Sending again in ${Duration.format(delay)}`), {
      "sent.reason": error.reason._tag,
      "sent.attempts": error.attempts,
    }),
  )
