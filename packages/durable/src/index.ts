/**
 * Durable sends, and delivery updates, in SQL.
 *
 * Each module is also a separate entry point, for example `@effect-sent/durable/Sqlite`.
 */
export * as DurableSender from "./DurableSender.ts"
export * as SqlDeliveryStore from "./SqlDeliveryStore.ts"
export * as Sqlite from "./Sqlite.ts"
