/** `pnpm bench <name> [flags]`: runs a benchmark in this folder. */
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
  console.error(`Usage: pnpm bench <name> [flags]; available benchmarks: ${names.join(", ")}`)
  process.exitCode = 1
}
