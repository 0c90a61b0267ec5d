/** What is wrong with the bytes of a response, however right its content is. */
import type { Violation } from "@effect-sent/contract/ContractValidator"
import type { RawResponse } from "./wire.ts"

export interface FramingProblem extends Violation {
  readonly severity: "error" | "warning"
}

const error = (rule: string, where: string, message: string): FramingProblem => ({
  rule,
  where,
  message,
  severity: "error",
})

/** `declared` are the headers that the contract declares for the status. */
export const framingProblems = (
  response: RawResponse,
  declared: ReadonlyArray<string>,
): ReadonlyArray<FramingProblem> => {
  const { body, headers, isDelimited, lines, status, surplus } = response
  const isEmpty = status === 204 || status === 304
  const single = new Set(["content-type", "content-length", "date", "location", ...declared])
  const repeated = [...single].filter((name) => lines.filter(([one]) => one === name).length > 1)
  return [
    ...(surplus === 0
      ? []
      : isEmpty
        ? [
            error(
              "undeclared-body",
              "body",
              `a ${status} has no body, and ${surplus} bytes came after its head`,
            ),
          ]
        : [error("surplus-bytes", "body", `${surplus} bytes came after the end of the response`)]),
    // RFC 9110, section 8.6, and RFC 9112, section 6.1.
    ...(isEmpty && (Number(headers["content-length"] ?? 0) > 0 || "transfer-encoding" in headers)
      ? [error("undeclared-body", "header", `a ${status} has no body, and its head announces one`)]
      : []),
    // RFC 9110, section 5.3.
    ...repeated.map((name) =>
      error("repeated-header", `header/${name}`, `the header ${name} was sent more than once`),
    ),
    ...(isDelimited
      ? []
      : [
          {
            ...error(
              "undelimited-body",
              "header/content-length",
              "neither a content length nor chunks say where the body ends, so a client cannot tell whether it got all of it",
            ),
            // RFC 9112, section 6.3: should, not must.
            severity: "warning" as const,
          },
        ]),
    ...charsetProblems(headers["content-type"], body),
  ]
}

/** JSON is UTF-8, without a byte order mark: RFC 8259, section 8.1. */
export const charsetProblems = (
  contentType: string | undefined,
  body: Uint8Array,
): ReadonlyArray<FramingProblem> => {
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType ?? "") ?? []
  return [
    ...(/json/i.test(contentType ?? "") && !/^(?:utf-?8|us-ascii)$/i.test(charset)
      ? [
          error(
            "charset",
            "header/content-type",
            `JSON is UTF-8, and the charset is ${charset.slice(0, 40)}`,
          ),
        ]
      : []),
    ...(body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
      ? [error("byte-order-mark", "body", "JSON must not begin with a byte order mark")]
      : []),
  ]
}
