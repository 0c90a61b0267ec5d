import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "contracts",
    include: ["test/**/*.test.ts"],
    // Files share a worker, so that Effect and Prism are loaded once for each of them and not once for each file.
    isolate: false,
    // By default one core is left to vitest itself, which has little to do: of two, that is half.
    maxWorkers: "100%",
  },
})
