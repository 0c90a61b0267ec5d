/** Calls of core's webhook from the application. */
import type { Task } from "@effect-sent/facade/Task"
import type { WebhookFailure } from "@effect-sent/facade/Update"
import * as Effect from "effect/Effect"
import type { WebhookError } from "../../WebhookError.ts"
import { CallHost } from "./host.ts"
import { fromTask } from "./run.ts"
import { webhookErrorOf } from "./webhookErrors.ts"

/** Runs a task of core with what the fiber of the caller carries along. */
export const callWebhook = <A>(
  start: (host: CallHost) => Task<A, WebhookFailure>,
): Effect.Effect<A, WebhookError> =>
  Effect.withFiberRuntime((fiber) => fromTask(start(new CallHost(fiber)), webhookErrorOf))
