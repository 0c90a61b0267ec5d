/** The application, as a call of core sees it: what its fiber carries along. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Host from "@effect-sent/facade/Host"
import type { Task } from "@effect-sent/facade/Task"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as Tracer from "effect/Tracer"
import { exchange } from "./exchange.ts"
import { levelOf, log } from "./logs.ts"
import { measure } from "./metrics.ts"
import { runTask } from "./run.ts"
import { hostTracer } from "./spans.ts"

/** The application, by one of its fibers. */
export class CallHost implements Host.Host {
  /** Runs effects of the application as its fiber would, but for its interruption. */
  readonly runtime: Runtime.Runtime<never>
  readonly clock: Host.HostClock | undefined
  readonly tracer: Host.HostTracer | undefined
  readonly minimumLogLevel: Host.LogLevel

  constructor(fiber: Fiber.RuntimeFiber<unknown, unknown>) {
    this.runtime = runtimeOfFiber(fiber)
    const services = fiber.currentDefaultServices
    const clock = Context.get(services, Clock.Clock)
    this.clock = clock === liveClock ? undefined : hostClock(clock, this.runtime)
    const tracer = Context.get(services, Tracer.Tracer)
    const isTraced = tracer !== nativeTracer && fiber.getFiberRef(FiberRef.currentTracerEnabled)
    this.tracer = isTraced ? hostTracer(tracer, fiber.currentContext) : undefined
    this.minimumLogLevel = levelOf(fiber.getFiberRef(FiberRef.currentMinimumLogLevel))
  }

  log(line: Host.LogLine): void {
    log(this.runtime, line)
  }

  measure(measurement: Host.Measurement): void {
    measure(
      measurement,
      FiberRefs.getOrDefault(this.runtime.fiberRefs, FiberRef.currentMetricLabels),
    )
  }
}

/** The application, by a fiber of it that sends. */
export class SendingHost extends CallHost implements Host.SendingHost {
  readonly client: HttpClient.HttpClient

  constructor(fiber: Fiber.RuntimeFiber<unknown, unknown>, client: HttpClient.HttpClient) {
    super(fiber)
    this.client = client
  }

  get fetch(): typeof globalThis.fetch | undefined {
    const { unsafeMap } = this.runtime.context
    const fetch: unknown = unsafeMap.get(FetchHttpClient.Fetch.key)
    return isFetch(fetch) ? fetch : undefined
  }

  exchange(
    request: Host.HttpRequest,
    events: Host.ExchangeEvents,
  ): Task<Host.HttpResponse, Host.HttpFailure> {
    return exchange(this.client, this.runtime, request, events)
  }
}

/** The runtime of a call: every host is one of these. */
export const runtimeOf = (host: Host.Host): Runtime.Runtime<never> =>
  host instanceof CallHost ? host.runtime : Runtime.defaultRuntime

const isFetch = (value: unknown): value is typeof globalThis.fetch => typeof value === "function"

const liveClock: Clock.Clock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** Makes spans that nobody looks at. */
const nativeTracer: Tracer.Tracer = Context.get(DefaultServices.liveServices, Tracer.Tracer)

const runtimeOfFiber = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Runtime.Runtime<never> => {
  const fiberRefs = fiber.getFiberRefs()
  const isInterrupted = !Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))
  return Runtime.make({
    context: fiber.currentContext,
    // A fiber that has been interrupted may still send, in a finalizer.
    fiberRefs: isInterrupted
      ? FiberRefs.updateAs(fiberRefs, {
          fiberId: fiber.id(),
          fiberRef: FiberRef.interruptedCause,
          value: Cause.empty,
        })
      : fiberRefs,
    // Core ends what takes too long, also where the caller cannot be interrupted.
    runtimeFlags: Runtime.defaultRuntimeFlags,
  })
}

const hostClock = (clock: Clock.Clock, runtime: Runtime.Runtime<never>): Host.HostClock => ({
  nowMillis: () => clock.unsafeCurrentTimeMillis(),
  nowNanos: () => clock.unsafeCurrentTimeNanos(),
  sleep: (millis) => runTask(runtime, clock.sleep(Duration.millis(millis))),
})
