/** Core's spans in the tracer of the application. */
import type * as Host from "@effect-sent/facade/Host"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** A span of the application, as core has it. */
interface AppSpan extends Host.HostSpan {
  readonly span: Tracer.AnySpan
}

const isAppSpan = (span: Host.HostSpan): span is AppSpan => "span" in span

/** The tracer of the application. The span in the context is the parent. */
export const hostTracer = (
  tracer: Tracer.Tracer,
  context: Context.Context<never>,
): Host.HostTracer => {
  const parent = Context.getOption(context, Tracer.ParentSpan)
  return {
    parent: Option.isSome(parent) ? appSpan(parent.value) : undefined,
    span: (options) =>
      appSpan(
        tracer.span(
          options.name,
          options.parent === undefined ? Option.none() : Option.some(spanOf(options.parent)),
          Context.empty(),
          [],
          options.startNanos,
          options.kind,
        ),
      ),
  }
}

const appSpan = (span: Tracer.AnySpan): AppSpan => ({
  span,
  traceId: span.traceId,
  spanId: span.spanId,
  isSampled: span.sampled,
  attribute: (key, value) => {
    if (span._tag === "Span") span.attribute(key, value)
  },
  end: (nanos, end) => {
    if (span._tag === "Span") span.end(nanos, exitOf(end))
  },
})

/** The span of the application that a span of core is. */
export const spanOf = (span: Host.HostSpan): Tracer.AnySpan =>
  isAppSpan(span)
    ? span.span
    : Tracer.externalSpan({ traceId: span.traceId, spanId: span.spanId, sampled: span.isSampled })

/** The failure of a span: its name and its words, as exporters show them. */
class SpanFailure extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

const exitOf = (end: Host.SpanEnd): Exit.Exit<void, unknown> => {
  switch (end._tag) {
    case "Success":
      return Exit.void
    case "Failure":
      return Exit.fail(new SpanFailure(end.name, end.message))
    case "Died":
      return Exit.die(end.defect)
    case "Interrupted":
    default:
      return Exit.interrupt(FiberId.none)
  }
}
