/** Commands to paste into a shell. */
import type { Message } from "../src/Message.ts"

/** Quotes a text so that a POSIX shell takes it as it is. */
export const singleQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** What a command sends. */
export interface CurlRequest {
  readonly method: string
  readonly url: string
  /** Each already quoted for the shell. */
  readonly quotedHeaders: ReadonlyArray<string>
  readonly body: string
}

/** A curl command, one option a line. */
export const curlOf = ({ body, method, quotedHeaders, url }: CurlRequest): string =>
  [
    // curl reads `[1-3]` and `{a,b}` in a URL as several URLs.
    `curl ${/[[\]{}]/.test(url) ? "--globoff " : ""}-X ${method} ${singleQuoted(url)}`,
    ...quotedHeaders.map((header) => `-H ${header}`),
    // Not `--data`: it reads a file where the body begins with `@`.
    ...(body === "" ? [] : [`--data-raw ${singleQuoted(body)}`]),
  ].join(" \\\n  ")

/**
 * Sends a request once more. The key is masked in what the mock keeps, so the command takes it from the environment;
 * `Prefer` is kept, since it decides the answer.
 */
export const curlOfMessage = (message: Message, baseUrl: string): string => {
  const header = (name: string): ReadonlyArray<string> => {
    const value = message.request.headers[name]
    return value === undefined || value === "" ? [] : [singleQuoted(`${name}: ${value}`)]
  }
  return curlOf({
    method: message.request.method,
    // The target is the whole path; the base URL may hold a part of it.
    url: `${new URL(baseUrl).origin}${message.request.target}`,
    quotedHeaders: [
      singleQuoted(
        `content-type: ${message.request.headers["content-type"] ?? "application/json"}`,
      ),
      ...header("x-sender-id"),
      '"x-api-key: $SENT_API_KEY"',
      ...header("prefer"),
    ],
    body: message.request.body,
  })
}
