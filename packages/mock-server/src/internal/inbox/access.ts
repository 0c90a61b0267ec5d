/**
 * Who may use what lies below `/__mock`: programs, and the pages of this very server. A page of another site may not,
 * whether it asks for this server by its address or has a name of its own resolved to it.
 */
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { type Answer, problem } from "../http/answer.ts"

/** The refusal; undefined when the request may pass. */
export const refuseAccess = (
  { headers, method }: HttpServerRequest,
  hosts: ReadonlySet<string>,
): Answer | undefined => {
  const host = headers["host"] ?? ""
  if (!isOwnHost(host, hosts)) {
    return problem(
      403,
      "The Host header names another host; open the inbox by its address, or start the mock with --inbox-host",
    )
  }
  // Sent by every browser, and by no page itself: RFC 6454 and the Fetch Metadata draft of W3C.
  const site = headers["sec-fetch-site"] ?? "none"
  const origin = headers["origin"]
  if ((site !== "same-origin" && site !== "none") || !isOwnOrigin(origin, host)) {
    return problem(403, "A page of another site may not use the mock's own routes")
  }
  // No form can send this type, and a script of another site cannot without being asked for its origin.
  if (method !== "GET" && method !== "HEAD" && !isJson(headers["content-type"])) {
    return problem(415, "The content-type header must be application/json")
  }
  return undefined
}

// Names can be made to resolve to this machine (DNS rebinding); addresses are what they are.
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
