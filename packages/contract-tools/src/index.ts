/**
 * Tools that keep a contract, its servers and its clients in agreement.
 *
 * Each module is also an entry point of its own, for example `@effect-sent/contract-tools/ContractVerify`.
 */
export * as ContractDiff from "./ContractDiff.ts"
export * as ContractLint from "./ContractLint.ts"
export * as ContractProxy from "./ContractProxy.ts"
export * as ContractReport from "./ContractReport.ts"
export * as ContractVerify from "./ContractVerify.ts"
