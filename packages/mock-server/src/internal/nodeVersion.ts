/** Looks at the version of Node.js before anything else is loaded: Prism breaks on an older one without a word why. */
import { createRequire } from "node:module"

const { engines }: { readonly engines: { readonly node: string } } = createRequire(import.meta.url)(
  "../../package.json",
)

/** Whether this Node.js will do; says so when it will not. */
export const hasNode = (command: string): boolean => {
  if (!isOlder(process.versions.node, engines.node)) return true
  console.error(
    `${command} needs Node.js ${numbers(engines.node).join(".")} or newer; this is ${process.versions.node}`,
  )
  return false
}

const numbers = (version: string): ReadonlyArray<number> =>
  (version.match(/\d+/g) ?? []).slice(0, 3).map(Number)

const isOlder = (one: string, other: string): boolean => {
  const [mine, theirs] = [numbers(one), numbers(other)]
  const index = theirs.findIndex((part, place) => part !== mine[place])
  return index >= 0 && (mine[index] ?? 0) < (theirs[index] ?? 0)
}
