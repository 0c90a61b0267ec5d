#!/usr/bin/env node
/** `effect-sent-mock`. Only what every version of Node.js has is imported before the version is checked. */
import { problemOf } from "@effect-sent/contract/NodeVersion"
import * as module from "node:module"
import { setFlagsFromString } from "node:v8"
import { engines } from "./internal/packageJson.ts"

const problem = problemOf(process.versions.node, engines.node)

if (problem === undefined) {
  // From the second start on, most of what is loaded need not be compiled again.
  module.enableCompileCache()
  // What is kept is small. Without these flags the garbage grows to ten times as much before it is collected. They are for
  // this process only: a library has no say in the memory of another.
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=15")
  await import("./internal/cli.ts")
} else {
  console.error(`effect-sent-mock: ${problem}`)
  process.exitCode = 1
}
