/**
 * The base URL: credentials are sent to this address and to no other.
 */
import * as Effect from "effect/Effect"
import type { SentError } from "../../SentError.ts"
import { invalidOptions } from "../options.ts"

/** Parses a base URL. Fails if credentials must not be sent there. */
export const parseBaseUrl = (baseUrl: string | URL): Effect.Effect<URL, SentError> => {
  const url = parse(baseUrl)
  const message =
    url === undefined ? "must be an absolute URL, e.g. https://api.sent.dm" : problemOf(url)
  return url === undefined || message !== undefined
    ? Effect.fail(invalidOptions([{ path: ["baseUrl"], message: message ?? "is invalid" }]))
    : Effect.succeed(url)
}

/** The address of a path below a base URL. */
export const urlOf = (baseUrl: URL, path: string): URL =>
  new URL(`${baseUrl.origin}${baseUrl.pathname.replace(/\/+$/, "")}${path}`)

const parse = (input: string | URL): URL | undefined => {
  try {
    return new URL(input)
  } catch {
    return undefined
  }
}

const problemOf = (url: URL): string | undefined => {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must be an https URL"
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return "must be an https URL: plain http would expose the credentials on the network (http is allowed for loopback only)"
  }
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password"
  if (url.search !== "" || url.hash !== "") return "must not have a query or a fragment"
  return undefined
}

// RFC 6761, section 6.3 (localhost), RFC 1122, section 3.2.1.3 (127.0.0.0/8), RFC 4291, section 2.5.3 (::1). The
// URL parser has already normalised every notation of an IPv4 address to four decimal numbers.
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname)
