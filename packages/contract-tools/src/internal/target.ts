/** The base URL of a server that is looked at. */

export interface Target {
  /** Without a slash at its end. */
  readonly url: string
  /** Whether it is this machine. */
  readonly isLocal: boolean
}

/** What is wrong with it in words, if anything is. */
export const parseTarget = (text: string): Target | string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return "the target must be an http or https URL, e.g. http://127.0.0.1:4010"
  }
  if (url.username + url.password !== "" || url.search !== "" || url.hash !== "") {
    return "the target must be a base URL: without user information, query and fragment"
  }
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
  return url.protocol === "http:" && !isLocal
    ? "the target must be https: over http, the key could be read by anyone on the way"
    : { url: url.href.replace(/\/$/, ""), isLocal }
}
