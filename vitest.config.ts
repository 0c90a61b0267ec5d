import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    projects: ["packages/*", "contracts", "examples", "scripts"],
    // By default one core is left to vitest itself, which has little to do: of two, that is half.
    maxWorkers: "100%",
  },
})
