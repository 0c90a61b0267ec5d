/** Core's receiver, with a handler of the application. */
import * as Facade from "@effect-sent/facade/Updates"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { WebhookError } from "../../WebhookError.ts"
import type { Call, Receive } from "../call.ts"
import type { DeliveryEvent } from "../event.ts"
import { eventOf } from "./events.ts"
import { CallHost } from "./host.ts"
import { revealed } from "./options.ts"
import { makePull } from "./pulls.ts"
import { fromTask, runTask } from "./run.ts"
import { callWebhook } from "./webhookCalls.ts"

/** Makes a receiver. What is not of its type is left to core's check. */
export const makeReceive = <E, R>(
  options: object,
  handle: (event: DeliveryEvent) => Effect.Effect<void, E, R>,
): Effect.Effect<Receive, WebhookError, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(Effect.runtime<Exclude<R, Scope.Scope>>(), (current) => {
    // The receiver interrupts what takes too long, also where it is made in a region that cannot be interrupted.
    const runtime = Runtime.make({ ...current, runtimeFlags: Runtime.defaultRuntimeFlags })
    const given = revealed(withoutHandle(options))
    return Effect.map(
      callWebhook((host) =>
        Facade.makeReceiver(
          {
            options: Predicate.isRecord(given) ? given : {},
            handle: Predicate.isFunction(handle)
              ? (event) => runTask(runtime, Effect.scoped(handle(eventOf(event))))
              : { wrong: handle },
          },
          host,
        ),
      ),
      (receive): Receive =>
        (call) =>
          Effect.withFiberRuntime((fiber) => {
            const host = new CallHost(fiber)
            const scope = Effect.runSync(Scope.make())
            return Effect.ensuring(
              fromTask(
                receive({ ...plain(call), body: bodyOf(call, host, scope) }, host),
                (never) => never,
              ),
              Scope.close(scope, Exit.void),
            )
          }),
    )
  })

const withoutHandle = (options: object): object =>
  Object.fromEntries(Object.entries(options).filter(([name]) => name !== "handle"))

const plain = ({ headers, method, url }: Call) => ({ headers, method, url })

const bodyOf = ({ body }: Call, host: CallHost, scope: Scope.Scope): unknown =>
  isStream(body) ? { pull: makePull(body, host.runtime, scope) } : body

const isStream = (body: Call["body"]): body is Stream.Stream<Uint8Array, unknown> =>
  Predicate.hasProperty(body, Stream.StreamTypeId)
