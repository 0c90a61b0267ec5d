/**
 * Access control for the routes below `/__mock`: programs and this server's own page may use them. Pages of other sites may not,
 * neither through the server's address nor through a name that resolves to it (DNS rebinding).
 */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { type Answer, problem } from "../http/answer.ts"

/** Returns the refusal. Undefined when the request is allowed. */
export const refuseAccess = (
  { headers, method }: HttpServerRequest,
  hosts: ReadonlySet<string>,
): Answer | undefined => {
  const host = headers["host"] ?? ""
  if (!isOwnHost(host, hosts)) {
    return problem(
      403,
      "The Host header names an unknown host; open the inbox by its IP address, or start the mock with --inbox-host",
    )
  }
  // Browsers set both headers and pages cannot: RFC 6454, and the W3C draft of Fetch Metadata.
  const site = headers["sec-fetch-site"] ?? "none"
  const origin = headers["origin"]
  if ((site !== "same-origin" && site !== "none") || !isOwnOrigin(origin, host)) {
    return problem(403, "Pages of other sites must not use the routes below /__mock")
  }
  // A form cannot send this type, and a script of another site cannot send it without a preflight request.
  if (method !== "GET" && method !== "HEAD" && !isJson(headers["content-type"])) {
    return problem(415, "The content-type header must be application/json")
  }
  return undefined
}

// Any name can be made to resolve to this machine (DNS rebinding); an address cannot.
const isOwnHost = (host: string, hosts: ReadonlySet<string>): boolean => {
  const name = host.replace(/:\d+$/, "").toLowerCase()
  return (
    name === "localhost" ||
    /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) ||
    /^\[[0-9a-f:.]+\]$/.test(name) ||
    hosts.has(name)
  )
}

const isOwnOrigin = (origin: string | undefined, host: string): boolean =>
  origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`

const isJson = (contentType: string | undefined): boolean =>
  /^application\/json\s*(?:;|$)/i.test(contentType ?? "")
