/**
 * Work that is in progress: one at a time for a key, apart from the calls that wait for it, and with an end.
 *
 * A caller that hangs up does not stop the work, and a caller that asks again does not start it a second time.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

export interface InFlight<E> {
  /** Waits for the work of this key, which is started unless it is in progress. */
  readonly run: (
    key: string,
    work: Effect.Effect<void, E, Scope.Scope>,
  ) => Effect.Effect<void, E | TookTooLong>
}

/** The work did not end in time. */
export class TookTooLong extends Schema.TaggedError<TookTooLong>("InFlight/TookTooLong")(
  "TookTooLong",
  { after: Schema.Duration },
) {
  override get message(): string {
    return `the handler did not end within ${Duration.format(this.after)}`
  }
}

/** Each work has a scope, and is interrupted after the time-out and when the scope of all closes. */
export const makeInFlight = <E>(after: Duration.Duration, scope: Scope.Scope): InFlight<E> => {
  const running = new Map<string, Fiber.Fiber<void, E | TookTooLong>>()

  const inTime = Effect.timeoutOrElse({
    duration: after,
    orElse: () => Effect.fail(new TookTooLong({ after })),
  })

  return {
    run: (key, work) =>
      // In one step, so that no other caller looks in between.
      Effect.withFiber((caller) => {
        const other = running.get(key)
        const fiber =
          other ??
          Fiber.runIn(Effect.runForkWith(caller.context)(inTime(Effect.scoped(work))), scope)
        if (other === undefined) {
          running.set(key, fiber)
          fiber.addObserver(() => running.delete(key))
        }
        // Work that cannot be interrupted may take longer than its callers wait.
        return inTime(Effect.flatten(Fiber.await(fiber)))
      }),
  }
}
