/**
 * Access control for the routes below `/__mock`: programs and this server's own page may use them. Pages of other sites may not,
 * neither through the server's address nor through a name that resolves to it (DNS rebinding).
 */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { type Answer, problem } from "../http/answer.ts"

/**
 * Returns the refusal. Undefined when the request is allowed. `isPage` says that it asks for a file of the page, which contains
 * nothing about messages: a link on any other page may lead there.
 */
export const refuseAccess = (
  { headers, method }: HttpServerRequest,
  hosts: ReadonlySet<string>,
  isPage: boolean,
): Answer | undefined => {
  const host = headers["host"] ?? ""
  if (!isOwnHost(host, hosts)) {
    return problem(
      403,
      "The Host header names an unknown host; open the inbox by its IP address, or start the mock with --inbox-host",
    )
  }
  if (isPage) return undefined
  // Browsers set both headers and pages cannot: RFC 6454, and the W3C draft of Fetch Metadata.
  const site = headers["sec-fetch-site"]
  const isOwn =
    site === undefined || site === "none"
      ? isOwnOrigin(headers["origin"], host)
      : site === "same-origin"
  if (!isOwn) return problem(403, "Pages of other sites must not use the routes below /__mock")
  if (method === "GET" || method === "HEAD") return undefined
  // A form cannot send this type, and a script of another site cannot send it without a preflight request.
  const type = headers["content-type"]
  const hasBody = (headers["content-length"] ?? "0") !== "0" || "transfer-encoding" in headers
  return isJson(type) || (type === undefined && !hasBody)
    ? undefined
    : problem(415, "The content-type header must be application/json")
}

// Any name with a dot can be made to resolve to this machine (DNS rebinding). An address and a name without a dot cannot, and
// browsers resolve `localhost` and the names below it themselves.
const isOwnHost = (host: string, hosts: ReadonlySet<string>): boolean => {
  const name = host.replace(/:\d+$/, "").toLowerCase()
  return (
    /^[\w-]+$/.test(name) ||
    name.endsWith(".localhost") ||
    /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ||
    /^\[[0-9a-f:.]+\]$/.test(name) ||
    hosts.has(name)
  )
}

// Of any scheme: behind a proxy with TLS, the server does not know the scheme of the page.
const isOwnOrigin = (origin: string | undefined, host: string): boolean =>
  origin === undefined || origin.toLowerCase().replace(/^https?:\/\//, "") === host.toLowerCase()

const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:json|jsonl|x-ndjson)\s*(?:;|$)/i.test(contentType ?? "")
