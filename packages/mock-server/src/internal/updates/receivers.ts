/** Which receivers updates may go to: a mock must not be a way to reach into a network. */

/** Whether a host is this very machine, or one that the user named. */
export const isAllowedHost = (hostname: string, allowed: ReadonlySet<string>): boolean =>
  isLoopback(hostname) || allowed.has(hostname.toLowerCase())

// As the URL parser writes them, which turns `0x7f.1` into `127.0.0.1`. Other names of this machine, `app.localhost`
// among them, are for a resolver to decide, and so have to be named.
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)
