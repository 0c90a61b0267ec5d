/** Streams of the application, as core pulls them. */
import type { Task } from "@effect-sent/facade/Task"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { runTask } from "./run.ts"

/** Reads a stream piece by piece; undefined is its end. It is opened when the first piece is asked for, in this scope. */
export const makePull = <A, E, R>(
  stream: Stream.Stream<A, E, R>,
  runtime: Runtime.Runtime<R>,
  scope: Scope.Scope,
): Task<ReadonlyArray<A> | undefined, E> => {
  let opened: Effect.Effect<Chunk.Chunk<A>, Option.Option<E>, R> | undefined
  const open = Effect.suspend(() =>
    opened === undefined
      ? Effect.tap(Scope.extend(Stream.toPull(stream), scope), (pull) => {
          opened = pull
        })
      : Effect.succeed(opened),
  )
  return runTask(
    runtime,
    Effect.flatten(open).pipe(
      Effect.map((chunk) => Chunk.toReadonlyArray(chunk)),
      Effect.catchAll((end) =>
        Option.isSome(end) ? Effect.fail(end.value) : Effect.succeed(undefined),
      ),
    ),
  )
}
