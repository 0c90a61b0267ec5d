#!/usr/bin/env node
/** `effect-sent-contract`. Only what every version of Node.js has is imported before the version is checked. */
import { problemOf } from "@effect-sent/contract/NodeVersion"
import * as module from "node:module"
import { engines } from "./internal/packageJson.ts"

const problem = problemOf(process.versions.node, engines.node)

if (problem === undefined) {
  // From the second start on, most of what is loaded need not be compiled again.
  module.enableCompileCache()
  await import("./internal/cli.ts")
} else {
  console.error(`effect-sent-contract: ${problem}`)
  process.exitCode = 2
}
