/** The statements that an effect runs. */
import { Effect, Tracer } from "effect"

/** Runs an effect, and returns the distinct texts of its statements, by their spans. */
export const statementsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      },
    })
    return Effect.map(Effect.withTracer(effect, tracer), () =>
      Array.from(new Set(spans.map(({ attributes }) => attributes.get("db.query.text")))).filter(
        (text) => typeof text === "string",
      ),
    )
  })
