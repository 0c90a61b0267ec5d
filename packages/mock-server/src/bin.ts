#!/usr/bin/env node
/** The program `effect-sent-mock`. Until it has checked the version of Node.js, it only imports what every version has. */
import { problemOf } from "@effect-sent/contract/NodeVersion"
import * as module from "node:module"
import { setFlagsFromString } from "node:v8"
import { engines } from "./internal/packageJson.ts"

const problem = problemOf(process.versions.node, engines.node)

if (problem === undefined) {
  // Later starts load most modules without compiling them again.
  module.enableCompileCache()
  // The live heap is small. Without these flags, garbage grows to ten times its size before V8 collects it. Only the program
  // sets them: a library must not change the memory settings of its host process.
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=15")
  await import("./internal/cli.ts")
} else {
  console.error(`effect-sent-mock: ${problem}`)
  process.exitCode = 1
}
