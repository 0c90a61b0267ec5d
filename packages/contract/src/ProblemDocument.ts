/**
 * Problem documents (RFC 9457), with which a server reports a request that it rejects.
 *
 * @example
 * ```ts
 * import { ProblemDocument } from "@effect-sent/contract"
 *
 * const { title } = ProblemDocument.make(404, "No such message")
 * console.assert(title === "Not Found")
 * ```
 */
import { STATUS_CODES } from "node:http"

/** A problem document without a `type`. */
export interface ProblemDocument {
  readonly status: number
  /** The reason phrase of the status. */
  readonly title: string
  readonly detail: string
}

/** The media types of a problem document, most specific first. */
export const mediaTypes: ReadonlyArray<string> = ["application/problem+json", "application/json"]

/**
 * Makes a problem document for a status.
 *
 * @example
 * ```ts
 * import { ProblemDocument } from "@effect-sent/contract"
 *
 * const document = ProblemDocument.make(413, "The request body is larger than 10 bytes")
 * console.assert(document.title === "Content Too Large")
 * ```
 */
export const make = (status: number, detail: string): ProblemDocument => ({
  status,
  title: titleOf(status),
  detail,
})

// RFC 9110 renamed 413; Node still uses the old name.
const titleOf = (status: number): string =>
  status === 413 ? "Content Too Large" : (STATUS_CODES[status] ?? "Error")
