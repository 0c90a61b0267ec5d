import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "scripts",
    include: ["test/**/*.test.ts"],
    // Files share a worker, so that Effect and Prism are loaded once for each of them and not once for each file.
    isolate: false,
    // By default one core is left to vitest itself, which has little to do: of two, that is half.
    maxWorkers: "100%",
    // What they start loads the same modules each time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "effect-sent-compile-cache") },
    // The first test of a file loads Prism; on a busy machine that takes seconds.
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
