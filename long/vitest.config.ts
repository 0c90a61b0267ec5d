import { defineConfig } from "vitest/config"

/** The condition under which the packages of the repository resolve to their sources. */
const source = "@effect-sent/source"

export default defineConfig({
  ssr: { resolve: { conditions: [source, "node"], externalConditions: [source, "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    execArgv: [`--conditions=${source}`],
    // Each file starts servers and installs packages, so parallel files would only slow each other down.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
