/**
 * Reads the body of a request or response by its media type: JSON, a form, or text.
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const content = {
 *   mediaType: "application/x-www-form-urlencoded",
 *   schema: { type: "object", properties: { count: { type: "integer" } } },
 *   examples: [],
 * }
 * const bytes = new TextEncoder().encode("count=2&name=Jane")
 * const read = await Effect.runPromise(Body.read(content, content.mediaType, bytes))
 * console.assert(read._tag === "Value" && JSON.stringify(read.value) === '{"count":2,"name":"Jane"}')
 * ```
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { fromForm } from "./internal/form.ts"
import type { Content } from "./Operation.ts"

/** A body that was read, or one whose media type cannot be converted to what its schema describes. */
export type Read =
  { readonly _tag: "Value"; readonly value: unknown } | { readonly _tag: "Unreadable" }

/**
 * Returns the media type of a `Content-Type` header without its parameters, in lower case.
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 *
 * console.assert(Body.mediaTypeOf("Application/JSON; charset=utf-8") === "application/json")
 * ```
 */
export const mediaTypeOf = (header: string): string =>
  (header.split(";", 1)[0] ?? "").trim().toLowerCase()

/**
 * Returns whether a media type is JSON: `application/json`, or one that ends in `+json`.
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 *
 * console.assert(Body.isJson("application/problem+json"))
 * ```
 */
export const isJson = (mediaType: string): boolean =>
  /^[^/]+\/(?:json|[^/]+\+json)$/.test(mediaTypeOf(mediaType))

/**
 * Returns whether a media type is that of a form.
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 *
 * console.assert(Body.isForm("multipart/form-data; boundary=x"))
 * ```
 */
export const isForm = (mediaType: string): boolean =>
  ["application/x-www-form-urlencoded", "multipart/form-data"].includes(mediaTypeOf(mediaType))

/**
 * Finds the declared content for a media type: the exact one, or else a range such as `text/*` that includes it.
 *
 * **Details**
 *
 * Case and parameters are not compared (RFC 9110, section 8.3).
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 *
 * const text = { mediaType: "text/*", schema: undefined, examples: [] }
 * console.assert(Body.find([text], "text/plain; charset=utf-8") === text)
 * console.assert(Body.find([text], "application/json") === undefined)
 * ```
 */
export const find = (
  contents: ReadonlyArray<Content>,
  contentType: string,
): Content | undefined => {
  const type = mediaTypeOf(contentType)
  return [type, type.replace(/\/.*$/, "/*"), "*/*"]
    .map((wanted) => contents.find(({ mediaType }) => mediaTypeOf(mediaType) === wanted))
    .find(Predicate.isNotUndefined)
}

/**
 * Reads the bytes of a body that is not empty. `contentType` is its header. Fails with a description of what is malformed, which
 * contains no value of the body.
 *
 * **Details**
 *
 * JSON is parsed. A form (`application/x-www-form-urlencoded`, `multipart/form-data`) becomes an object whose values have the
 * types of the schema's properties. Every other body is a text, and `Unreadable` when its schema does not describe a text, for
 * example XML with an object schema.
 *
 * @example
 * ```ts
 * import { Body } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const content = { mediaType: "application/json", schema: {}, examples: [] }
 * const reading = Body.read(content, content.mediaType, new TextEncoder().encode("{"))
 * console.assert((await Effect.runPromise(Effect.flip(reading))) === "not valid JSON: line 1, column 2")
 * ```
 */
export const read = (
  content: Content,
  contentType: string,
  bytes: Uint8Array,
): Effect.Effect<Read, string> => {
  const type = mediaTypeOf(contentType)
  if (isJson(type)) return Effect.map(parseJson(bytes), valueOf)
  if (isForm(type)) return Effect.map(parseForm(content, contentType, bytes), valueOf)
  return describesText(content.schema)
    ? Effect.succeed(valueOf(Buffer.from(bytes).toString("utf8")))
    : Effect.succeed({ _tag: "Unreadable" })
}

const valueOf = (value: unknown): Read => ({ _tag: "Value", value })

const describesText = (schema: unknown): boolean => {
  if (schema === undefined || schema === true) return true
  const type = Predicate.hasProperty(schema, "type") ? schema.type : undefined
  if (type !== undefined) return [type].flat().includes("string")
  return Predicate.isObject(schema) && Object.keys(schema).length === 0
}

const parseJson = (bytes: Uint8Array): Effect.Effect<unknown, string> =>
  Effect.try({
    try: (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: (cause) => {
      const where = cause instanceof SyntaxError ? whereIn(cause.message) : "it is not UTF-8"
      return where === undefined ? "not valid JSON" : `not valid JSON: ${where}`
    },
  })

/** The position only: V8's messages quote the surrounding text, which may contain a phone number. */
const whereIn = (message: string): string | undefined => {
  if (message.includes("Unexpected end of JSON input")) return "unexpected end"
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(message) ?? []
  return line === undefined || column === undefined ? undefined : `line ${line}, column ${column}`
}

const parseForm = (
  { schema }: Content,
  contentType: string,
  bytes: Uint8Array,
): Effect.Effect<unknown, string> => {
  const type = mediaTypeOf(contentType)
  if (type === "multipart/form-data" && !/;\s*boundary=/i.test(contentType)) {
    return Effect.fail(`not valid ${type}: the content-type header has no boundary`)
  }
  return Effect.tryPromise({
    try: async () => {
      const headers = { "content-type": contentType }
      return fromForm(await new Response(Buffer.from(bytes), { headers }).formData(), schema)
    },
    catch: () => `not valid ${type}`,
  })
}
