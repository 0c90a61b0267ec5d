/** curl commands to paste into a shell. */
import type { Message, Update } from "../src/Message.ts"

/** Quotes a text for a POSIX shell. */
export const singleQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** The request that a command sends. */
export interface CurlRequest {
  readonly method: string
  readonly url: string
  /** The headers, already quoted for the shell. */
  readonly quotedHeaders: ReadonlyArray<string>
  readonly body: string
}

/** A curl command with one option per line. */
export const curlOf = ({ body, method, quotedHeaders, url }: CurlRequest): string =>
  [
    // curl expands `[1-3]` and `{a,b}` in a URL to several URLs.
    `curl ${/[[\]{}]/.test(url) ? "--globoff " : ""}-X ${method} ${singleQuoted(url)}`,
    ...quotedHeaders.map((header) => `-H ${header}`),
    // Not `--data`: it reads a file when the body begins with `@`.
    ...(body === "" ? [] : [`--data-raw ${singleQuoted(body)}`]),
  ].join(" \\\n  ")

/**
 * A command that sends a message's request again. The mock stores the key masked and accepts any, so the command takes the one of
 * the environment, or `anything`. The command includes `Prefer`, which decides the answer.
 */
export const curlOfMessage = (message: Message, baseUrl: string): string => {
  const header = (name: string): ReadonlyArray<string> => {
    const value = message.request.headers[name]
    return value === undefined || value === "" ? [] : [singleQuoted(`${name}: ${value}`)]
  }
  return curlOf({
    method: message.request.method,
    // The target is the whole path, of which the base URL may contain a part.
    url: `${new URL(baseUrl).origin}${message.request.target}`,
    quotedHeaders: [
      singleQuoted(
        `content-type: ${message.request.headers["content-type"] ?? "application/json"}`,
      ),
      ...header("x-sender-id"),
      '"x-api-key: ${SENT_API_KEY:-anything}"',
      ...header("prefer"),
    ],
    body: message.request.body,
  })
}

/** A command that sends an update to its receiver, with the signature of its latest attempt. */
export const curlOfUpdate = (
  update: Update,
  url: string,
  headers: Readonly<Record<string, string>>,
): string =>
  curlOf({
    method: "POST",
    url,
    quotedHeaders: Object.entries(headers).map(([name, value]) =>
      singleQuoted(`${name}: ${value}`),
    ),
    body: JSON.stringify(update.body),
  })
