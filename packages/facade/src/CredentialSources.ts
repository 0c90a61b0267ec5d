/** Where credentials come from: they stay the same, are configured, or are loaded. */
export { configured, fixed, rotating, validate } from "./internal/credentials.ts"
