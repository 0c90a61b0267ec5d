/** Streams that are pulled from elsewhere. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { Task } from "../Task.ts"
import { fromTask } from "./tasks.ts"

/** A stream of what is pulled, piece by piece; undefined ends it. */
export const streamOf = <A, E>(
  pull: Task<ReadonlyArray<A> | undefined, E>,
): Stream.Stream<A, E> => {
  const next: Pull.Pull<readonly [A, ...Array<A>], E> = Effect.flatMap(fromTask(pull), (chunk) => {
    if (chunk === undefined) return Cause.done()
    return isFull(chunk) ? Effect.succeed(chunk) : next
  })
  return Stream.fromPull(Effect.succeed(next))
}

const isFull = <A>(chunk: ReadonlyArray<A>): chunk is readonly [A, ...Array<A>] => chunk.length > 0
