/**
 * A mock of Sent.dm's API that answers from the OpenAPI contract.
 *
 * Each module is also a separate entry point, for example `@effect-sent/mock-server/MockServer`.
 */
export * as Fault from "./Fault.ts"
export * as Message from "./Message.ts"
export * as MessageMatch from "./MessageMatch.ts"
export * as MockServer from "./MockServer.ts"
export * as MockServerError from "./MockServerError.ts"
export * as NodeServer from "./NodeServer.ts"
export { startMockServer } from "./startMockServer.ts"
export type { MockServerView, StartedMockServer } from "./startMockServer.ts"
