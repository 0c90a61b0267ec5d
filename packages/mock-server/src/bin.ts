#!/usr/bin/env node
/** `effect-sent-mock`. */
import { enableCompileCache } from "node:module"
import { setFlagsFromString } from "node:v8"
import { hasNode } from "./internal/nodeVersion.ts"

if (hasNode("effect-sent-mock")) {
  // From the second start on, most of what is loaded need not be compiled again.
  enableCompileCache()
  // What is kept is small; without these, what was let go of grows to ten times as much before it is collected. For this
  // process only: a library has no say in another's memory.
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=15")
  await import("./internal/cli.ts")
} else process.exitCode = 1
