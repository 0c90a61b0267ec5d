/**
 * The base URL: credentials are sent to this address and to no other.
 */
import * as Predicate from "effect/Predicate"
import type * as Kind from "../options.ts"
import { messagesPath, phonePath } from "./operation.ts"

/** A base URL that credentials may be sent to, as far as it does not depend on {@link isPlainHttp}. */
export const baseUrl: Kind.Kind = (value) => {
  const problem =
    Predicate.isString(value) || value instanceof URL ? problemOf(String(value)) : notAbsolute
  return problem === undefined ? [] : [{ path: [], message: problem }]
}

/** Whether the address is reached over plain http, and is not this machine's own. */
export const isPlainHttp = (url: URL): boolean =>
  url.protocol === "http:" && !isLoopback(url.hostname)

/** The address of a path below a base URL. */
export const urlOf = (base: URL, path: string): URL =>
  new URL(`${base.origin}${base.pathname.replace(/\/+$/, "")}${path}`)

// What cannot be read is not shown: it may be a key that was put into the wrong variable.
const notAbsolute = "must be an absolute URL, e.g. https://api.sent.dm"

const problemOf = (text: string): string | undefined => {
  if (text.trim() === "") {
    return `${notAbsolute} (it is empty: remove it to send to https://api.sent.dm)`
  }
  const url = parse(text)
  if (url === undefined) return notAbsolute
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must be an https URL"
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password"
  if (url.search !== "" || url.hash !== "") return "must not have a query or a fragment"
  if (isBlocked(url.port)) {
    return `must have another port: fetch does not connect to port ${url.port} (a port blocked by the Fetch standard)`
  }
  const own = ownPath.exec(url.pathname)
  return own === null
    ? undefined
    : `must not end in ${own[0]}, which is added to it; write ${url.origin}${url.pathname.slice(0, own.index)}`
}

const parse = (input: string): URL | undefined => {
  try {
    return new URL(input)
  } catch {
    return undefined
  }
}

/** A pattern of a path, or of the beginning of it. */
const beginningOf = (path: string): string =>
  path
    .split("/")
    .slice(1)
    .reduceRight((rest, segment) => `/${segment}${rest === "" ? "" : `(?:${rest})?`}`, "")

const ownPath = new RegExp(`(?:${[phonePath, messagesPath].map(beginningOf).join("|")})/*$`, "i")

// RFC 6761, section 6.3 (localhost), RFC 1122, section 3.2.1.3 (127.0.0.0/8), RFC 4291, section 2.5.3 (::1). The
// URL parser has already normalised every notation of an IPv4 address to four decimal numbers.
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  hostname === "[::1]" ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname)

const isBlocked = (port: string): boolean => port !== "" && blockedPorts.has(Number(port))

// Fetch standard, section 2.9 (port blocking).
const blockedPorts: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10_080,
])
