/** Decides which receivers updates may be sent to: the mock must not be a way to reach into a network. */

/** Returns whether a host is loopback or one of the allowed hosts. */
export const isAllowedHost = (hostname: string, allowed: ReadonlySet<string>): boolean =>
  isLoopback(hostname) || allowed.has(hostname.toLowerCase())

/** Returns whether a host is this machine. */
// The URL parser has normalised the host: `0x7f.1` is `127.0.0.1`. Other names of this machine, such as `app.localhost`,
// depend on a resolver and must therefore be allowed explicitly.
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
