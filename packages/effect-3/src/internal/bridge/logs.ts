/** Lines of core's log in the loggers of the application. */
import type * as Host from "@effect-sent/facade/Host"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"

const levels: { readonly [Level in Host.LogLevel]: LogLevel.LogLevel } = {
  All: LogLevel.All,
  Fatal: LogLevel.Fatal,
  Error: LogLevel.Error,
  Warn: LogLevel.Warning,
  Info: LogLevel.Info,
  Debug: LogLevel.Debug,
  Trace: LogLevel.Trace,
  None: LogLevel.None,
}

const names: ReadonlyMap<string, Host.LogLevel> = new Map([
  ["All", "All"],
  ["Fatal", "Fatal"],
  ["Error", "Error"],
  ["Warning", "Warn"],
  ["Info", "Info"],
  ["Debug", "Debug"],
  ["Trace", "Trace"],
  ["None", "None"],
])

/** A level by its name in core. */
export const levelOf = ({ _tag }: LogLevel.LogLevel): Host.LogLevel => names.get(_tag) ?? "Info"

/** Logs a line. */
export const log = (
  runtime: Runtime.Runtime<never>,
  { annotations, causes, level, message }: Host.LogLine,
): void => {
  const line = Effect.logWithLevel(
    levels[level],
    ...(causes.length === 0 ? [message] : [message, causeOf(causes)]),
  )
  Runtime.runSync(runtime, Effect.annotateLogs(line, annotations))
}

const causeOf = (causes: ReadonlyArray<Host.LogCause>): Cause.Cause<unknown> =>
  causes
    .map(({ _tag, value }) => {
      if (_tag === "Failure") return Cause.fail(value)
      return _tag === "Died" ? Cause.die(value) : Cause.interrupt(FiberId.none)
    })
    .reduce((all, cause) => Cause.sequential(all, cause), Cause.empty)
