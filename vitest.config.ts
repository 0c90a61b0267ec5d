import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"

/** The condition under which the packages of this workspace resolve to their sources. */
const source = "@effect-sent/source"

const project = (name: string, root: string): TestProjectInlineConfiguration => ({
  extends: true,
  root,
  test: { name },
})

export default defineConfig({
  resolve: { conditions: [source, "node"] },
  ssr: { resolve: { conditions: [source, "node"], externalConditions: [source, "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    // Files share a worker, so that Effect and Prism are loaded once for each worker and not once for each file.
    isolate: false,
    // By default one core is left to vitest itself, which has little to do: of two, that is half.
    maxWorkers: "100%",
    execArgv: [`--conditions=${source}`],
    env: {
      // What tests start loads the same modules each time, and the sources, too.
      NODE_COMPILE_CACHE: join(tmpdir(), "effect-sent-compile-cache"),
      NODE_OPTIONS: `--conditions=${source}`,
    },
    // The first test of a file loads Prism; on a busy machine that takes seconds.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    projects: [
      project("core", "packages/core"),
      project("contract", "packages/contract"),
      project("mock-server", "packages/mock-server"),
      project("contract-tools", "packages/contract-tools"),
      project("durable", "packages/durable"),
      project("cli", "packages/cli"),
      project("effect-3", "packages/effect-3"),
      project("faults", "packages/faults"),
      project("examples", "examples"),
      project("scripts", "scripts"),
    ],
  },
})
