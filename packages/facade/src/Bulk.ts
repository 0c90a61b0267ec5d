/** Many messages. */
export { emptySummary, openBulk, runBulk, summarize } from "./internal/bulk.ts"
