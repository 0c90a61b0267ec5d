#!/usr/bin/env node
/** Starts `effect-sent`. Until the version of Node.js is checked, imports only what every version has. */
import { problemOf } from "@effect-sent/contract/NodeVersion"
import * as module from "node:module"
import { engines } from "./internal/packageJson.ts"

const problem = problemOf(process.versions.node, engines.node)

if (problem === undefined) {
  // The second start loads compiled code.
  module.enableCompileCache()
  await import("./internal/main.ts")
} else {
  console.error(`effect-sent: ${problem}`)
  process.exitCode = 1
}
