/** Runs `effect-sent` as this process. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, References } from "effect"
import { Command } from "effect/cli"
import { version } from "./packageJson.ts"
import { program } from "./program.ts"

Command.run(program, { version }).pipe(
  Effect.provide(NodeServices.layer),
  // The program says itself what went wrong.
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  NodeRuntime.runMain,
)
