/**
 * What holds the promise of a send against failures: a server that fails in every way that can be named and counts what it
 * really accepted, the HTTP clients that meet it, and runs that compare the two. Shared by tests, scripts and benchmarks.
 */
export * from "./clients.ts"
export * from "./FaultRun.ts"
export * from "./FaultServer.ts"
export * from "./program.ts"
export * as RawClient from "./rawClient.ts"
export * from "./sample.ts"
