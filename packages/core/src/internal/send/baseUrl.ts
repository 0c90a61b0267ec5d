/**
 * Where requests go: the credentials are sent to this address and to no other.
 */
import * as Effect from "effect/Effect"
import { InvalidRequest, SentError } from "../../SentError.ts"

/** The address of the endpoint below a base URL. Fails when credentials must not be sent there. */
export const endpointOf = (baseUrl: string | URL): Effect.Effect<URL, SentError> => {
  const url = parse(baseUrl)
  const problem =
    url === undefined ? "must be an absolute URL, e.g. https://api.sent.dm" : problemOf(url)
  return url === undefined || problem !== undefined
    ? Effect.fail(
        new SentError({
          reason: new InvalidRequest({
            issues: [{ path: ["baseUrl"], message: problem ?? "is invalid" }],
          }),
          attempts: 0,
        }),
      )
    : Effect.succeed(new URL(`${url.origin}${url.pathname.replace(/\/+$/, "")}/v1/messages/phone`))
}

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
    return "must be an https URL: over plain http anyone on the way can read the credentials (http is for loopback only)"
  }
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
  if (url.search !== "" || url.hash !== "") return "must not have a query or a fragment"
  return undefined
}

// RFC 6761, section 6.3 (localhost), RFC 1122, section 3.2.1.3 (127.0.0.0/8), RFC 4291, section 2.5.3 (::1). The
// URL parser has already put every way to write an IPv4 address into four decimal numbers.
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname)
