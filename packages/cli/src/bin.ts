#!/usr/bin/env node
/** Starts `effect-sent`. Until the version of Node.js is checked, imports only what every version has. */
import * as module from "node:module"
import { engines } from "./internal/packageJson.ts"

const [required = 0] = (engines.node.match(/\d+/) ?? []).map(Number)

if (Number.parseInt(process.versions.node, 10) >= required) {
  // The second start loads compiled code.
  module.enableCompileCache()
  await import("./internal/main.ts")
} else {
  console.error(
    `effect-sent: Node.js ${engines.node.replace(">=", "")} or newer is required; this is ${process.versions.node}`,
  )
  process.exitCode = 1
}
