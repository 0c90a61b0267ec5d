/** The base URL of a server. */

export interface Target {
  /** Without a trailing slash. */
  readonly url: string
  /** Whether it is a loopback address. */
  readonly isLocal: boolean
  /** Whether what is sent can be read on its way to another machine. */
  readonly isPlain: boolean
}

/** Returns the problem, in words, if the URL cannot be a target. Plain http to another machine is one, unless it is allowed. */
export const parseTarget = (text: string, mayBePlain = false): Target | string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return "the target must be an http or https URL, e.g. http://127.0.0.1:4010"
  }
  if (url.username + url.password !== "" || url.search !== "" || url.hash !== "") {
    return "the target must be a base URL, without user information, query and fragment"
  }
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  const isPlain = url.protocol === "http:" && !isLocal
  return isPlain && !mayBePlain
    ? "the target must be https: over http, anyone on the way could read the API key"
    : { url: url.href.replace(/\/$/, ""), isLocal, isPlain }
}
