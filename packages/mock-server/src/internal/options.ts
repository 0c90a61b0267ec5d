/** Reads the options of a server: each one checked, with its default in place. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Options } from "../MockServer.ts"
import { InvalidOption, MockServerError } from "../MockServerError.ts"
import { defaultSecret, makeSign, type Sign } from "./sign.ts"
import type { Pace } from "./updates.ts"

export interface Settings {
  readonly port: number
  readonly host: string
  readonly basePath: string
  /** In whole milliseconds, since Node takes no others. */
  readonly requestTimeout: number
  readonly runs: boolean
  readonly pace: Pace
  readonly keep: number
  readonly sign: Sign
  readonly patience: number
  readonly allowedHosts: ReadonlySet<string>
  readonly inboxHosts: ReadonlySet<string>
}

/** What a second of a scenario takes in milliseconds when nobody asks for a realistic pace. */
const fastSecond = 10

/** Fails with the first option that has a value that it cannot have. */
export const readOptions = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<Settings, MockServerError> {
  const { allowHosts = [], clock = "machine", host = "127.0.0.1", inboxHosts = [] } = options
  const { basePath = "", keep = 10_000, port = 0 } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return yield* invalid("port", "must be a whole number from 0 to 65535")
  }
  // Node takes what is no string for every interface there is.
  if (!Predicate.isString(host) || !/^[\w.:-]+$/.test(host)) {
    return yield* invalid("host", "must be an IP address or a host name, e.g. 127.0.0.1")
  }
  if (!Predicate.isString(basePath) || !/^(?:(?:\/[\w.~-]+)+\/?|\/?)$/.test(basePath)) {
    return yield* invalid("basePath", "must be a path of plain segments, e.g. /sent")
  }
  if (/^\/__mock(?:\/|$)/.test(basePath)) {
    return yield* invalid("basePath", "must not be below /__mock, where the inbox is")
  }
  if (!Number.isInteger(keep) || keep < 1) {
    return yield* invalid("keep", "must be a whole number, 1 or more")
  }
  if (clock !== "machine" && clock !== "manual") {
    return yield* invalid("clock", 'must be "machine" or "manual"')
  }
  return {
    port,
    host,
    basePath: basePath.replace(/\/$/, ""),
    keep,
    runs: clock === "machine",
    pace: { second: options.realistic === true ? 1000 : fastSecond },
    requestTimeout: yield* millisOf("requestTimeout", options.requestTimeout ?? "30 seconds"),
    patience: yield* millisOf("webhookTimeout", options.webhookTimeout ?? "30 seconds"),
    sign: yield* signWith(options.webhookSecret ?? defaultSecret),
    allowedHosts: yield* hostNames("allowHosts", allowHosts),
    inboxHosts: yield* hostNames("inboxHosts", [...inboxHosts, host]),
  }
})

const invalid = (option: string, problem: string): MockServerError =>
  new MockServerError({ reason: new InvalidOption({ option, problem }) })

export const millisOf = Effect.fnUntraced(function* (
  option: string,
  input: Duration.Input,
): Effect.fn.Return<number, MockServerError> {
  const duration = Duration.fromInput(input)
  const millis = duration._tag === "None" ? Number.NaN : Duration.toMillis(duration.value)
  if (!Number.isFinite(millis) || millis < 1) {
    return yield* invalid(option, 'must be a duration of a millisecond or more, e.g. "30 seconds"')
  }
  return Math.min(Math.ceil(millis), Number.MAX_SAFE_INTEGER)
})

const signWith = (secret: Redacted.Redacted | string): Effect.Effect<Sign, MockServerError> =>
  Effect.try({
    try: () => makeSign(Redacted.isRedacted(secret) ? Redacted.value(secret) : secret),
    // The library's own message quotes nothing, but says little too.
    catch: () => invalid("webhookSecret", "must be `whsec_` and the base64 of the key"),
  })

const hostNames = Effect.fnUntraced(function* (
  option: string,
  hosts: ReadonlyArray<string>,
): Effect.fn.Return<ReadonlySet<string>, MockServerError> {
  for (const host of hosts) {
    if (!Predicate.isString(host) || !/^(?:[\w.-]+|\[?[0-9a-f:.]+\]?)$/i.test(host)) {
      return yield* invalid(
        option,
        "must hold host names without scheme and port, e.g. app.internal",
      )
    }
  }
  // IPv6 addresses as the URL parser writes them.
  return new Set(
    hosts.map((host) =>
      (host.includes(":") ? `[${host.replaceAll(/[[\]]/g, "")}]` : host).toLowerCase(),
    ),
  )
})
