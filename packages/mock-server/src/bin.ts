#!/usr/bin/env node
/** `effect-sent-mock`: looks at the version of Node.js first, since Prism breaks on an older one without a word why. */
import { createRequire, enableCompileCache } from "node:module"
import { setFlagsFromString } from "node:v8"

const { engines }: { readonly engines: { readonly node: string } } = createRequire(import.meta.url)(
  "../package.json",
)

const numbers = (version: string): ReadonlyArray<number> =>
  (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)

const isOlder = (one: string, other: string): boolean => {
  const [mine, theirs] = [numbers(one), numbers(other)]
  const index = theirs.findIndex((part, place) => part !== mine[place])
  return index >= 0 && (mine[index] ?? 0) < (theirs[index] ?? 0)
}

if (isOlder(process.versions.node, engines.node)) {
  console.error(
    `effect-sent-mock needs Node.js ${numbers(engines.node).join(".")} or newer; this is ${process.versions.node}`,
  )
  process.exitCode = 1
} else {
  // From the second start on, most of what is loaded need not be compiled again.
  enableCompileCache()
  // What is kept is small; without these, what was let go of grows to ten times as much before it is collected. For this
  // process only: a library has no say in another's memory.
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=15")
  await import("./internal/cli.ts")
}
