/** The options of a mock server, their checks and their defaults. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { InvalidOption, MockServerError } from "../MockServerError.ts"
import { checkAddress, readTimeout } from "../NodeServer.ts"
import { defaultSecret, makeSign, type Sign } from "./updates/sign.ts"
import type { Pace } from "./updates/updates.ts"
import { webhookProblem } from "./updates/webhooks.ts"

/** The options of a mock server. */
export interface Options {
  /** The port to listen on, from 0 to 65535. 0 picks a free one. Default: 0. */
  readonly port?: number | undefined
  /** The address or host name to listen on. Default: `127.0.0.1`, which other machines cannot reach. */
  readonly host?: string | undefined
  /** The contracts to serve, one YAML or JSON file or several. Default: those of Sent.dm's v1 and v3. */
  readonly contract?: string | URL | ReadonlyArray<string | URL> | undefined
  /** A YAML or JSON file with scenarios to play in addition to those of the contract, in the same form. Default: none. */
  readonly scenarios?: string | URL | undefined
  /** Whether the contract and the scenarios are read again when one of their files changes. Default: false. */
  readonly watch?: boolean | undefined
  /** How long a request may take to arrive before it is answered with 408. Default: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** A prefix for the paths of the contract, for example `/sent`. Default: none. */
  readonly basePath?: string | undefined
  /**
   * Whether updates are sent at the pace of a real carrier: after seconds, and with retries after minutes. Default: false,
   * which is a hundred times as fast.
   */
  readonly realistic?: boolean | undefined
  /** `machine`: the mock's clock runs. `manual`: it only moves when it is advanced. Default: `machine`. */
  readonly clock?: "machine" | "manual" | undefined
  /** The secret that signs updates: `whsec_` followed by base64. Default: `defaultWebhookSecret`. */
  readonly webhookSecret?: Redacted.Redacted | string | undefined
  /**
   * The receiver that is registered with every account: where updates go for an operation whose requests name no URL, as those
   * of v3. Default: none, and no updates are sent for them.
   */
  readonly webhookUrl?: string | undefined
  /** Hosts that updates may be sent to, in addition to loopback: names or addresses without a port. Default: none. */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** How long the receiver of an update has to answer, by the machine's clock. Default: 30 seconds. */
  readonly webhookTimeout?: Duration.Input | undefined
  /** Host names that serve the inbox, in addition to `localhost`, IP addresses and `host`. Default: none. */
  readonly inboxHosts?: ReadonlyArray<string> | undefined
  /** The maximum number of stored messages. The oldest are removed first. Default: 10,000. */
  readonly maxMessages?: number | undefined
  /**
   * The maximum number of messages with pending updates. Above it, the updates of the oldest messages are dropped.
   * Default: 20,000.
   */
  readonly maxPending?: number | undefined
  /**
   * Derives the message ids from this text, and starts the clock at 2026-01-01T00:00:00Z, so that each run has the same ids and,
   * with `clock: "manual"`, the same times. Default: random ids, and the machine's time.
   */
  readonly seed?: string | undefined
}

/** The validated options, with defaults. */
export interface Settings {
  readonly port: number
  readonly host: string
  readonly basePath: string
  /** In whole milliseconds, which Node requires. */
  readonly requestTimeout: number
  readonly runs: boolean
  readonly watches: boolean
  readonly pace: Pace
  readonly maxMessages: number
  readonly maxPending: number
  readonly seed: string | undefined
  readonly sign: Sign
  readonly webhookTimeout: number
  readonly webhookUrl: string | undefined
  readonly allowedHosts: ReadonlySet<string>
  readonly inboxHosts: ReadonlySet<string>
}

/** The duration of a scenario's second without `realistic`, in milliseconds. */
const fastSecond = 10

/** Validates the options. Fails with the first invalid one. */
export const readOptions = (options: Options): Effect.Effect<Settings, MockServerError> =>
  Effect.mapError(checked(options), (reason) => new MockServerError({ reason }))

const checked = Effect.fnUntraced(function* (
  options: Options,
): Effect.fn.Return<Settings, InvalidOption> {
  const { allowedHosts = [], clock = "machine", host = "127.0.0.1", inboxHosts = [] } = options
  const { basePath = "", maxMessages = 10_000, maxPending = 20_000, port = 0 } = options
  yield* checkAddress({ host, port })
  if (!Predicate.isString(basePath) || !/^(?:(?:\/[\w.~-]+)+\/?|\/?)$/.test(basePath)) {
    return yield* invalid("basePath", "must be a path of plain segments, e.g. /sent")
  }
  if (/^\/__mock(?:\/|$)/.test(basePath)) {
    return yield* invalid("basePath", "must not be below /__mock, which serves the inbox")
  }
  for (const [option, value] of Object.entries({ maxMessages, maxPending })) {
    if (!Number.isInteger(value) || value < 1) {
      return yield* invalid(option, "must be a whole number, 1 or more")
    }
  }
  if (options.seed !== undefined && !Predicate.isString(options.seed)) {
    return yield* invalid("seed", "must be a text")
  }
  if (clock !== "machine" && clock !== "manual") {
    return yield* invalid("clock", 'must be "machine" or "manual"')
  }
  const { webhookUrl } = options
  const wrongUrl = webhookUrl === undefined ? undefined : webhookProblem(webhookUrl)
  if (wrongUrl !== undefined) return yield* invalid("webhookUrl", wrongUrl)
  return {
    port,
    host,
    webhookUrl,
    basePath: basePath.replace(/\/$/, ""),
    maxMessages,
    maxPending,
    seed: options.seed,
    runs: clock === "machine",
    watches: options.watch ?? false,
    pace: { second: options.realistic === true ? 1000 : fastSecond },
    requestTimeout: yield* readTimeout("requestTimeout", options.requestTimeout ?? "30 seconds"),
    webhookTimeout: yield* readTimeout("webhookTimeout", options.webhookTimeout ?? "30 seconds"),
    sign: yield* signWith(options.webhookSecret ?? defaultSecret),
    allowedHosts: yield* hostNames("allowedHosts", allowedHosts),
    inboxHosts: yield* hostNames("inboxHosts", [...inboxHosts, host]),
  }
})

const invalid = (option: string, problem: string): InvalidOption =>
  new InvalidOption({ option, problem })

const signWith = (secret: Redacted.Redacted | string): Effect.Effect<Sign, InvalidOption> =>
  Effect.try({
    try: () => makeSign(Redacted.isRedacted(secret) ? Redacted.value(secret) : secret),
    // The library's own message does not say what is expected.
    catch: () => invalid("webhookSecret", "must be `whsec_` followed by the key in base64"),
  })

const hostNames = Effect.fnUntraced(function* (
  option: string,
  hosts: ReadonlyArray<string>,
): Effect.fn.Return<ReadonlySet<string>, InvalidOption> {
  for (const host of hosts) {
    if (!Predicate.isString(host) || !/^(?:[\w.-]+|\[?[0-9a-f:.]+\]?)$/i.test(host)) {
      return yield* invalid(option, "must be host names without scheme or port, e.g. app.internal")
    }
  }
  // IPv6 addresses in brackets, as the URL parser writes them.
  return new Set(
    hosts.map((host) =>
      (host.includes(":") ? `[${host.replaceAll(/[[\]]/g, "")}]` : host).toLowerCase(),
    ),
  )
})
