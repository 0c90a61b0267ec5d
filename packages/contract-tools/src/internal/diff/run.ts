/** Runs a program to its end. Interruption stops it. */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Stream from "effect/Stream"

export interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const spawner = NodeChildProcessSpawner.layer.pipe(
  Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)),
)

export const run: (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Record<string, string | undefined> },
) => Effect.Effect<Ended, PlatformError.PlatformError> = Effect.fnUntraced(
  function* (program, args, options) {
    const child = yield* ChildProcess.make(program, args, {
      ...options,
      extendEnv: true,
      stdin: "ignore",
    })
    const [stdout, stderr, exitCode] = yield* Effect.all(
      [
        Stream.mkString(Stream.decodeText(child.stdout)),
        Stream.mkString(Stream.decodeText(child.stderr)),
        child.exitCode,
      ],
      { concurrency: "unbounded" },
    )
    return { stdout, stderr, exitCode }
  },
  Effect.scoped,
  (effect) => Effect.provide(effect, spawner),
)
