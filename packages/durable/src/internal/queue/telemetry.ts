/** The spans, metrics and log lines of durable sends. None of them holds a key, a phone number or a text. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { State } from "./row.ts"

const sends = Metric.gauge("sent.durable.sends", {
  description:
    "Durable sends by `sent.state`: pending, claimed, attempting, and unknown, as a worker last counted them, up to 100,000",
  attributes: { unit: "{send}" },
})

const oldest = Metric.gauge("sent.durable.oldest", {
  description:
    "How long the pending send that is due for the longest time has been due, in seconds",
  attributes: { unit: "s" },
})

const changes = Metric.counter("sent.durable.changes", {
  description: "Changes of durable sends, by the `sent.state` that they led to",
  attributes: { unit: "{change}" },
  incremental: true,
})

/** Counts sends that changed to a state. */
export const changed = (state: State, count = 1): Effect.Effect<void> =>
  count === 0
    ? Effect.void
    : Metric.update(Metric.withAttributes(changes, { "sent.state": state }), count)

/** Reports how many sends there are, in each state that somebody must look after. */
export const counted = (
  counts: ReadonlyMap<State, number>,
  oldestMillis: number,
): Effect.Effect<void> =>
  Effect.andThen(
    Effect.forEach(
      ["pending", "claimed", "attempting", "unknown"] as const,
      (state) =>
        Metric.update(
          Metric.withAttributes(sends, { "sent.state": state }),
          counts.get(state) ?? 0,
        ),
      { discard: true },
    ),
    Metric.update(oldest, oldestMillis / 1000),
  )

/** The current span as a `traceparent` (W3C Trace Context), to be stored with a send. */
export const currentTrace: Effect.Effect<string | null> = Effect.map(
  Effect.option(Effect.currentParentSpan),
  Option.match({
    onNone: () => null,
    onSome: ({ sampled, spanId, traceId }) => `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`,
  }),
)

/** Runs a send in a span of its own, linked to the span in which the message was enqueued. */
export const inSpan =
  (trace: string | null, attempts: number) =>
  <A, E, R>(sending: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const [, traceId, spanId, flags] =
      /^00-([^-]{1,64})-([^-]{1,64})-(0[01])$/.exec(trace ?? "") ?? []
    const links =
      traceId === undefined || spanId === undefined
        ? []
        : [
            {
              span: Tracer.externalSpan({ traceId, spanId, sampled: flags === "01" }),
              attributes: {},
            },
          ]
    return Effect.withSpan(sending, "DurableSender.send", {
      kind: "consumer",
      root: true,
      links,
      attributes: { "sent.durable.attempts": attempts },
    })
  }
