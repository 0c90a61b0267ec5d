/**
 * Checks the guarantees of a send against failures: a server that plays faults and counts the messages that it accepted, the HTTP
 * clients, and runs that compare claims with the truth. Tests, scripts and benchmarks share it.
 */
export * from "./arounds.ts"
export * from "./clients.ts"
export * from "./Fault.ts"
export * from "./faults.ts"
export * from "./FaultRun.ts"
export * from "./FaultServer.ts"
export { meet, type Meeting, rightClaims } from "./Meeting.ts"
export * from "./program.ts"
export * as RawClient from "./rawClient.ts"
export * from "./sample.ts"
