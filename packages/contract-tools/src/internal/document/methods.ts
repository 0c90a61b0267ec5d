/** The members of a path item that are operations, `query` of OpenAPI 3.2 included. */
export const methods: ReadonlySet<string> = new Set([
  "get",
  "put",
  "post",
  "delete",
  "options",
  "head",
  "patch",
  "trace",
  "query",
])
