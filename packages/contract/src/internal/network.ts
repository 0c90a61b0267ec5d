/** Reads the parts of a contract that are on other hosts, when that is allowed: a bounded number of bounded files. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ContractError, ContractInvalid, messageOf } from "../ContractError.ts"

/** Of all files together. The largest public documents have about this size. */
const maxBytes = 20_000_000
const maxFiles = 200

/** For one document: the bounds are for all that is read with it. */
export const makeFetch = (
  timeout: Duration.Input,
): ((url: string) => Effect.Effect<string, ContractError>) => {
  let files = 0
  let bytes = 0
  const read = async (url: string, signal: AbortSignal): Promise<string> => {
    files += 1
    if (files > maxFiles) throw new Error(`more than ${maxFiles} files are on other hosts`)
    if (!/^https?:/.test(url)) throw new Error("only http and https are read over the network")
    const { password, username } = new URL(url)
    if (username + password !== "") throw new Error("a URL with user information is not asked")
    const response = await fetch(url, { signal, headers: { accept: "*/*" } })
    if (!response.ok) throw new Error(`the host responded with the status ${response.status}`)
    const decoder = new TextDecoder("utf-8", { fatal: true })
    let text = ""
    // A body that never ends is cut off with the error.
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength
      if (bytes > maxBytes) throw new Error(`more than ${maxBytes / 1e6} MB are on other hosts`)
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  }
  return (url) =>
    Effect.tryPromise({ try: (signal) => read(url, signal), catch: reasonOf }).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(`there was no whole response within ${Duration.toSeconds(timeout)} seconds`),
      }),
      Effect.mapError(
        (problem) =>
          new ContractError({ reason: new ContractInvalid({ path: withoutUser(url), problem }) }),
      ),
    )
}

/** `fetch failed` has the reason in its cause. */
const reasonOf = (thrown: unknown): string => {
  const cause = Predicate.hasProperty(thrown, "cause") ? thrown.cause : undefined
  const code = [thrown, cause].flatMap((one) =>
    Predicate.hasProperty(one, "code") && Predicate.isString(one.code) ? [one.code] : [],
  )[0]
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not UTF-8"
  if (code !== undefined) return `the host cannot be reached (${code})`
  return messageOf(cause ?? thrown)
}

/** A URL as it may be shown. */
export const withoutUser = (url: string): string => url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1")
