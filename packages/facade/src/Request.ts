/** The fields of a request. */
export { type Field, problemOf } from "./internal/request.ts"
