/** Calls of core from the application. */
import type { Task } from "@effect-sent/facade/Task"
import type { Failure } from "@effect-sent/facade/Value"
import * as Effect from "effect/Effect"
import type { SentError } from "../../SentError.ts"
import { errorOf } from "./errors.ts"
import { CallHost } from "./host.ts"
import { fromTask } from "./run.ts"

/** Runs a task of core with what the fiber of the caller carries along. */
export const call = <A>(start: (host: CallHost) => Task<A, Failure>): Effect.Effect<A, SentError> =>
  Effect.withFiberRuntime((fiber) => fromTask(start(new CallHost(fiber)), errorOf))
