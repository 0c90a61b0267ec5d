import { Layer, Metric, References, Tracer } from "effect"

/** Keeps every span and metric of a program, and lets every log line through. */
export const recording = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const metrics: Metric.MetricRegistry = new Map()
  const layer = Layer.mergeAll(
    Layer.succeed(Metric.MetricRegistry, metrics),
    Layer.succeed(References.MinimumLogLevel, "All"),
    Layer.succeed(
      Tracer.Tracer,
      Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        },
      }),
    ),
  )
  return { spans, metrics, layer }
}
