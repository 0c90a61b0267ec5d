/**
 * Traces, logs and metrics to an OpenTelemetry collector, by Effect's own exporter. Nothing private is in them: no phone number,
 * no template value, no key.
 */
import { SentClient } from "@effect-sent/core"
import { Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"

/** Exports to this collector, for example `http://localhost:4318`. What is left is exported when the scope closes. */
export const telemetry = (baseUrl: string) =>
  Otlp.layerJson({ baseUrl, resource: { serviceName: "storefront" } }).pipe(
    Layer.provide(FetchHttpClient.layer),
  )

/** A client that is observed: what it does is a span, a log line or a metric of the service above. */
export const observed = (baseUrl: string) =>
  Layer.provideMerge(SentClient.layerEnv, telemetry(baseUrl))
