/**
 * A mock of Sent.dm's API: whatever it answers comes from the OpenAPI contract.
 *
 * Each module is also an entry point of its own, e.g. `@effect-sent/mock-server/MockServer`.
 */
export * as Contract from "./Contract.ts"
export * as MockServer from "./MockServer.ts"
export * as MockServerError from "./MockServerError.ts"
export { startMockServer } from "./startMockServer.ts"
export type { StartedMockServer } from "./startMockServer.ts"
