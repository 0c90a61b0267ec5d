/** Spans of the application as spans of Effect 4. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"
import type { HostSpan, HostTracer, SpanEnd } from "../Host.ts"

/** A tracer that makes the spans of the application. */
export const bridgedTracer = (tracer: HostTracer): Tracer.Tracer =>
  Tracer.make({ span: (options) => new BridgedSpan(tracer, options) })

type Options = Parameters<Tracer.Tracer["span"]>[0]

class BridgedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly name: string
  readonly parent: Options["parent"]
  readonly annotations: Options["annotations"]
  readonly links: Options["links"]
  readonly kind: Options["kind"]
  readonly attributes = new Map<string, unknown>()
  readonly host: HostSpan
  status: Tracer.SpanStatus

  constructor(tracer: HostTracer, options: Options) {
    this.name = options.name
    this.parent = options.parent
    this.annotations = options.annotations
    this.links = options.links
    this.kind = options.kind
    this.status = { _tag: "Started", startTime: options.startTime }
    this.host = tracer.span({
      name: options.name,
      kind: options.kind,
      parent: Option.getOrUndefined(Option.flatMap(options.parent, hostSpanOf)),
      startNanos: options.startTime,
    })
  }
  get traceId(): string {
    return this.host.traceId
  }
  get spanId(): string {
    return this.host.spanId
  }
  get sampled(): boolean {
    return this.host.isSampled
  }
  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
    this.host.end(endTime, endOf(exit))
  }
  attribute(key: string, value: unknown): void {
    this.attributes.set(key, value)
    this.host.attribute(key, value)
  }
  // Core makes no events, and links nothing.
  event(): void {}
  addLinks(): void {}
}

const endOf = (exit: Exit.Exit<unknown, unknown>): SpanEnd => {
  if (Exit.isSuccess(exit)) return { _tag: "Success" }
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) {
    const { value } = error
    return {
      _tag: "Failure",
      name: Predicate.hasProperty(value, "_tag") ? String(value._tag) : "Error",
      message: value instanceof Error ? value.message : "",
    }
  }
  return Cause.hasInterruptsOnly(exit.cause)
    ? { _tag: "Interrupted" }
    : { _tag: "Died", defect: Cause.squash(exit.cause) }
}

const ambient = new WeakMap<Tracer.AnySpan, HostSpan>()

/** The span of the caller, as a parent. */
export const ambientSpan = (host: HostSpan): Tracer.AnySpan => {
  const span = Tracer.externalSpan({
    traceId: host.traceId,
    spanId: host.spanId,
    sampled: host.isSampled,
    annotations: Context.empty(),
  })
  ambient.set(span, host)
  return span
}

/** The span of the application that a span is. */
export const hostSpanOf = (span: Tracer.AnySpan): Option.Option<HostSpan> =>
  Option.fromNullishOr(span instanceof BridgedSpan ? span.host : ambient.get(span))
