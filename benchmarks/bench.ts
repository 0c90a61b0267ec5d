/** `pnpm bench <name> [flags]`: runs one of the benchmarks beside this file. */
import { readdir } from "node:fs/promises"
import { fileURLToPath } from "node:url"

const names = (await readdir(fileURLToPath(new URL(".", import.meta.url))))
  .filter((file) => file.endsWith(".ts") && file !== "bench.ts")
  .map((file) => file.replace(/\.ts$/, ""))

const [name = "", ...flags] = process.argv.slice(2)
if (names.includes(name)) {
  process.argv.splice(2, process.argv.length, ...flags)
  await import(`./${name}.ts`)
} else {
  console.error(`pnpm bench takes one of: ${names.join(", ")}`)
  process.exitCode = 1
}
