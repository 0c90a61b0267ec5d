#!/usr/bin/env node
/** `effect-sent-contract`. */
import { enableCompileCache } from "node:module"
import { hasNode } from "./internal/nodeVersion.ts"

if (hasNode("effect-sent-contract")) {
  // From the second start on, most of what is loaded need not be compiled again.
  enableCompileCache()
  await import("./internal/contract/cli.ts")
} else process.exitCode = 2
