import { recordSpans } from "@effect-sent/faults/spans"
import { Layer, Metric, References, Tracer } from "effect"

/** Keeps every span and metric of a program, and lets every log line through. */
export const recording = () => {
  const { spans, tracer } = recordSpans()
  const metrics: Metric.MetricRegistry = new Map()
  const layer = Layer.mergeAll(
    Layer.succeed(Metric.MetricRegistry, metrics),
    Layer.succeed(References.MinimumLogLevel, "All"),
    Layer.succeed(Tracer.Tracer, tracer),
  )
  return { spans, metrics, layer }
}
