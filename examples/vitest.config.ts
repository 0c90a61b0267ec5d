import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "examples",
    include: ["test/**/*.test.ts"],
    // The first test of a file loads Prism; on a busy machine that takes seconds.
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
