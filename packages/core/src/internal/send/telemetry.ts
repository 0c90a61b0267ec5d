/**
 * What can be seen of a send from outside: spans, metrics and log lines, none of which holds a phone number, a template
 * value, a key or a sender.
 *
 * Names are those of OpenTelemetry's semantic conventions for HTTP clients, and `sent.*` for the rest.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type { SendReceipt } from "../../SendToPhone.ts"
import type { Reason, SentError } from "../../SentError.ts"
import type { Accepted } from "./answer.ts"

// -----------------------------------------------------------------------------
// Metrics
// -----------------------------------------------------------------------------

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, Number.POSITIVE_INFINITY]

const sends = Metric.counter("sent.sends", {
  description: "Sends, by `sent.outcome` (accepted, rejected, unknown) and `sent.reason`",
  incremental: true,
})

const attempts = Metric.counter("sent.attempts", {
  description: "Requests that were put on the wire",
  incremental: true,
})

const retryWaits = Metric.histogram("sent.retry.wait", {
  description: "The waits between two attempts, in seconds",
  boundaries: seconds,
})

const durations = Metric.histogram("sent.send.duration", {
  description: "How long a send takes, with every wait, in seconds, by `sent.outcome`",
  boundaries: seconds,
})

// -----------------------------------------------------------------------------
// A send
// -----------------------------------------------------------------------------

/** Observes a whole send, in the span that it runs in. */
export const send = (
  sending: Effect.Effect<SendReceipt, SentError>,
): Effect.Effect<SendReceipt, SentError> =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
    Effect.onExit(sending, (exit) => {
      const error = Exit.isFailure(exit)
        ? Option.getOrUndefined(Cause.findErrorOption(exit.cause))
        : undefined
      // An interrupted send, or a defect: nobody knows.
      const outcome = Exit.isSuccess(exit) ? "accepted" : outcomeOf(error)
      const counted = {
        "sent.outcome": outcome,
        ...(error === undefined ? {} : { "sent.reason": error.reason._tag }),
      }
      const attributes = {
        ...counted,
        ...(Exit.isSuccess(exit) ? { "sent.attempts": exit.value.attempts } : {}),
        ...(error === undefined
          ? {}
          : { "sent.attempts": error.attempts, "error.type": error.reason._tag }),
      }
      return Effect.gen(function* () {
        const took = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
        yield* Metric.update(Metric.withAttributes(sends, counted), 1)
        yield* Metric.update(Metric.withAttributes(durations, { "sent.outcome": outcome }), took)
        yield* Effect.annotateCurrentSpan(attributes)
        yield* Effect.annotateLogs(Effect.logDebug(`Send ${outcome}`), attributes)
      })
    }),
  )

const outcomeOf = (error: SentError | undefined): string =>
  error?.delivery === "not-sent" ? "rejected" : "unknown"

// -----------------------------------------------------------------------------
// An attempt
// -----------------------------------------------------------------------------

/** Observes one request, in a span of its own. */
export const attempt =
  (endpoint: URL, resendCount: number) =>
  (attempting: Effect.Effect<Accepted, Reason>): Effect.Effect<Accepted, Reason> =>
    Metric.update(attempts, 1).pipe(
      Effect.andThen(attempting),
      Effect.tapError((reason) =>
        Effect.annotateCurrentSpan({
          "error.type": reason._tag,
          "sent.delivery": reason.delivery,
        }),
      ),
      Effect.withSpan(`POST ${endpoint.pathname}`, {
        kind: "client",
        attributes: {
          "http.request.method": "POST",
          "server.address": endpoint.hostname,
          "server.port": Number(endpoint.port || (endpoint.protocol === "https:" ? 443 : 80)),
          "url.full": endpoint.href,
          ...(resendCount === 0 ? {} : { "http.request.resend_count": resendCount }),
        },
      }),
    )

/** The status of an answer, in the span of its attempt. */
export const answered = (status: number): Effect.Effect<void> =>
  Effect.annotateCurrentSpan("http.response.status_code", status)

/** Observes that a send is about to wait for its next attempt. */
export const waiting = (error: SentError, delay: Duration.Duration): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(retryWaits, Duration.toSeconds(delay)),
    Effect.annotateLogs(Effect.logDebug(`Sending again in ${Duration.format(delay)}`), {
      "sent.reason": error.reason._tag,
      "sent.attempts": error.attempts,
    }),
  )
