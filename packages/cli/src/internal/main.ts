/** Runs `effect-sent` as this process. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, References } from "effect"
import { CliOutput, Command } from "effect/cli"
import { Ended } from "./ended.ts"
import { version } from "./packageJson.ts"
import { program } from "./program.ts"

const sayWhy = (problem: string) => Console.error(`effect-sent: ${problem}`)

/** A wrong flag is one line: the help would hide it. */
const OneLine = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? sayWhy(
          `${event.errors.map(({ message }) => message.replaceAll(/\s+/g, " ")).join("; ")}; see ${event.commandPath.join(" ")} --help`,
        )
      : CliOutput.defaultPresenter.present(event),
})

// The first Ctrl-C lets what is on the wire end, which can take long if nobody answers.
let stops = 0
process.on("SIGINT", () => {
  stops += 1
  if (stops > 1) process.exit(130)
})

Command.run(program, { version }).pipe(
  Effect.tapError((error) => (error instanceof Ended ? sayWhy(error.message) : Effect.void)),
  Effect.provide(Layer.merge(NodeServices.layer, OneLine)),
  // The program says itself what went wrong.
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  // The output is the result, which programs read.
  Effect.provideService(References.LogToStderr, true),
  NodeRuntime.runMain,
)
