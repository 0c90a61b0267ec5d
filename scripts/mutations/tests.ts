/** The test files that catch the mutants. */
import type { Tests } from "./mutant.ts"

const core = (...names: ReadonlyArray<string>): Tests => ({
  project: "core",
  files: names.map((name) => `packages/core/test/${name}.test.ts`),
})

export const requests: Tests = core("parity")
export const updates: Tests = core("parity.updates")
export const reading: Tests = core("DeliveryStatus")
export const states: Tests = core("DeliveryStatus.state")
export const oneSource: Tests = core("oneSource")
export const parityOfV3: Tests = core("parity.v3")

export const reference: Tests = {
  project: "contract-tools",
  files: ["packages/contract-tools/test/sent-v1/reference.test.ts"],
}
export const lint: Tests = {
  project: "contract-tools",
  files: ["packages/contract-tools/test/lint.test.ts"],
}
export const pages: Tests = { project: "scripts", files: ["scripts/test/oneSource.test.ts"] }
export const sqlite: Tests = {
  project: "durable",
  files: ["packages/durable/test/Sqlite.test.ts"],
}
export const queue: Tests = {
  project: "durable",
  files: [
    "packages/durable/test/DurableSender.test.ts",
    "packages/durable/test/DurableSender.worker.test.ts",
    "packages/durable/test/DurableSender.model.test.ts",
  ],
}
export const store: Tests = {
  project: "durable",
  files: ["packages/durable/test/SqlDeliveryStore.test.ts"],
}
