/** The statements that an effect runs. */
import { Effect } from "effect"
import { recordSpans } from "@effect-sent/faults/spans"

/** Runs an effect, and returns the distinct texts of its statements, by their spans. */
export const statementsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const { spans, tracer } = recordSpans()
    return Effect.map(Effect.withTracer(effect, tracer), () =>
      Array.from(new Set(spans.map(({ attributes }) => attributes.get("db.query.text")))).filter(
        (text) => typeof text === "string",
      ),
    )
  })
