/** The options of every module: what is wrong with one is said before anything is sent. */
import {
  BulkSender,
  CircuitBreak,
  DeliveryTracker,
  RateLimit,
  RetryPolicy,
  SentClient,
  SentCredentials,
  SentError,
  SentWebhook,
} from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Layer, Logger, Redacted, Schedule, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse, HttpRouter } from "effect/http"
import { clientLayer } from "@effect-sent/faults/program"
import { credentials, sample } from "@effect-sent/faults/sample"

/** A value that TypeScript does not check, as one from JavaScript. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const unchecked = (value: unknown): never => value as never

const accepting = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))),
  ),
)

/** The issues of the reason `InvalidOptions`, one in a line. */
const issuesOf = <E extends { readonly reason: { readonly _tag: string } }, R>(
  effect: Effect.Effect<unknown, E, R>,
): Effect.Effect<string, unknown, R> =>
  Effect.map(Effect.flip(effect), ({ reason }) => {
    assert.instanceOf(reason, SentError.InvalidOptions)
    return reason.issues
      .map(({ message, path }) => [path.join("."), message].join(" ").trim())
      .join("\n")
  })

const buildClient = (given: unknown) =>
  issuesOf(
    Layer.build(SentClient.layer(unchecked(given))).pipe(
      Effect.provide([accepting, SentCredentials.layer(credentials)]),
    ),
  )

// -----------------------------------------------------------------------------
// A client
// -----------------------------------------------------------------------------

const aDuration = 'must be a finite duration above zero, e.g. "30 seconds"'
const names =
  "timeout, deadline, retryPolicy, baseUrl, allowPlainHttp, rateLimit, circuitBreak, dangerouslyAllowBrowser"
const aPolicy = "must be a RetryPolicy, e.g. RetryPolicy.none or RetryPolicy.make({ times: 5 })"

describe("the options of a client", () => {
  it.effect.each<readonly [options: unknown, issues: string]>([
    [{ retries: 3 }, "retries is not an option (did you mean retryPolicy?)"],
    [{ maxRetries: 3 }, "maxRetries is not an option (did you mean retryPolicy?)"],
    [{ timeOut: 3 }, "timeOut is not an option (did you mean timeout?)"],
    [{ baseURL: "https://x.example" }, "baseURL is not an option (did you mean baseUrl?)"],
    [{ x: 1 }, `x is not an option (the options are ${names})`],
    [3, "must be an object with options (got 3)"],
    [null, "must be an object with options (got null)"],
    [[], "must be an object with options (got an array)"],
    [new Map([["timeout", 1]]), "must be an object with options (got a Map)"],
    [Promise.resolve({}), "must be an object with options (got a Promise)"],
    [{ timeout: "soon" }, `timeout ${aDuration} (got "soon")`],
    [{ timeout: Number.NaN }, `timeout ${aDuration} (got NaN)`],
    [{ timeout: "-1 seconds" }, `timeout ${aDuration} (got "-1 seconds")`],
    [{ timeout: Infinity }, `timeout ${aDuration} (got Infinity)`],
    [{ timeout: null }, `timeout ${aDuration} (got null)`],
    [{ timeout: true }, `timeout ${aDuration} (got true)`],
    [{ timeout: {} }, `timeout ${aDuration} (got an object)`],
    [
      { timeout: "a long text that may be anything" },
      `timeout ${aDuration} (got a string of 32 characters)`,
    ],
    [{ deadline: 0 }, `deadline ${aDuration} (got 0)`],
    [{ retryPolicy: "none" }, `retryPolicy ${aPolicy} (got "none")`],
    [{ retryPolicy: { times: 3 } }, `retryPolicy ${aPolicy} (got an object)`],
    [
      { retryPolicy: { ...RetryPolicy.notSent, times: 1.5 } },
      "retryPolicy.times must be a whole number, 0 or more (got 1.5)",
    ],
    [
      { retryPolicy: RetryPolicy.make(unchecked({ atLeastOnce: "yes" })) },
      'retryPolicy.atLeastOnce must be true or false (got "yes")',
    ],
    [
      { retryPolicy: RetryPolicy.make(unchecked(3)) },
      "retryPolicy must be an object with options (got 3)",
    ],
    [{ circuitBreaker: true }, "circuitBreaker is not an option (did you mean circuitBreak?)"],
    [{ circuitBreak: true }, "circuitBreak must be made by CircuitBreak.make()"],
    [
      { circuitBreak: CircuitBreak.make(unchecked({ openDuration: "soon" })) },
      `circuitBreak.openDuration ${aDuration} (got "soon")`,
    ],
    [{ rateLimit: { limit: 1 } }, "rateLimit must be made by RateLimit.make({ limit, window })"],
    [
      { rateLimit: RateLimit.make(unchecked({})) },
      `rateLimit.limit must be a whole number, 1 or more (got undefined)\nrateLimit.window ${aDuration} (got undefined)`,
    ],
    [
      {
        rateLimit: RateLimit.make(unchecked({ limit: "10", window: "1 second", windows: 1 })),
      },
      'rateLimit.windows is not an option (did you mean window?)\nrateLimit.limit must be a whole number, 1 or more (got "10")',
    ],
    [{ allowPlainHttp: "true" }, 'allowPlainHttp must be true or false (got "true")'],
    [{ dangerouslyAllowBrowser: 1 }, "dangerouslyAllowBrowser must be true or false (got 1)"],
    [{ baseUrl: 8080 }, "baseUrl must be an absolute URL, e.g. https://api.sent.dm"],
    // It may be a key in the wrong place.
    [{ baseUrl: "sk_live_1234" }, "baseUrl must be an absolute URL, e.g. https://api.sent.dm"],
    [
      { baseUrl: "https://api.sent.dm/v1" },
      "baseUrl must not end in /v1, which is added to it; write https://api.sent.dm",
    ],
    [
      { baseUrl: "https://proxy.example/sent/V1/messages/phone/" },
      "baseUrl must not end in /V1/messages/phone/, which is added to it; write https://proxy.example/sent",
    ],
    [
      { baseUrl: "http://localhost:6000" },
      "baseUrl must have another port: fetch does not connect to port 6000 (a port blocked by the Fetch standard)",
    ],
  ])("%j", ([given, issues]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* buildClient(given), issues)
    }),
  )

  it.effect("may be undefined, and have paths that only look like the endpoint", () =>
    Effect.gen(function* () {
      for (const given of [
        { timeout: undefined, retryPolicy: undefined, circuitBreak: undefined },
        { baseUrl: "https://proxy.example/v10" },
        { baseUrl: "https://proxy.example/v1/sent" },
        { baseUrl: "https://api.sent.dm:8443" },
        { timeout: { seconds: 5 }, deadline: "40 days" } as const,
      ]) {
        yield* Layer.build(clientLayer(accepting, given))
      }
    }),
  )

  it.effect("of one send fail the send", () =>
    Effect.gen(function* () {
      const issues = yield* issuesOf(
        SentClient.sendToPhone(sample, unchecked({ timeOut: 1, retryPolicy: "none" })),
      )
      assert.strictEqual(
        issues,
        `timeOut is not an option (did you mean timeout?)\nretryPolicy ${aPolicy} (got "none")`,
      )
    }).pipe(Effect.provide(clientLayer(accepting, {}))),
  )

  it.effect("of a region fail its sends", () =>
    Effect.gen(function* () {
      const sends = SentClient.sendToPhone(sample)
      const policy = RetryPolicy.make({ times: -1 })
      assert.strictEqual(
        yield* issuesOf(SentClient.withRetryPolicy(policy)(sends)),
        "retryPolicy.times must be a whole number, 0 or more (got -1)",
      )
      assert.strictEqual(
        yield* issuesOf(SentClient.withRetryPolicy(unchecked("none"))(sends)),
        `retryPolicy ${aPolicy} (got "none")`,
      )
    }).pipe(Effect.provide(clientLayer(accepting, {}))),
  )

  it.effect("blocks the ports that fetch blocks, and no other", () =>
    Effect.gen(function* () {
      // Of the ports that this list has and that it has not, a few of each: `fetch` refuses before it connects.
      for (const port of [1, 9, 22, 6000, 6667, 10_080, 2, 8080, 4010, 10_081]) {
        const refused: unknown = yield* Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}`).then(
            () => undefined,
            ({ cause }: { readonly cause: unknown }) => cause,
          ),
        )
        const isBlocked = String(refused).includes("bad port")
        const built = yield* Effect.result(
          Layer.build(clientLayer(accepting, { baseUrl: `http://127.0.0.1:${port}` })),
        )
        assert.strictEqual(built._tag === "Failure", isBlocked, `port ${port}`)
      }
    }),
  )
})

describe("the options of a retry policy", () => {
  it.each<readonly [options: unknown, issue: string]>([
    [{ time: 3 }, "time is not an option (did you mean times?)"],
    [{ times: "3" }, 'times must be a whole number, 0 or more (got "3")'],
    [{ times: Infinity }, "times must be a whole number, 0 or more (got Infinity)"],
    [{ while: true }, "while must be a function (got true)"],
    [{ onRetry: "log" }, 'onRetry must be a function (got "log")'],
    [{ schedule: "1 second" }, 'schedule must be a Schedule (got "1 second")'],
    [{ maxRetryAfter: "soon" }, 'maxRetryAfter must be a duration, e.g. "30 seconds" (got "soon")'],
    [{ budget: true }, "budget must be an object with options (got true)"],
    [{ budget: { tokens: 10 } }, "budget.refund must be a number of at least 0 (got undefined)"],
    [{ budget: { tokens: 0, refund: 0 } }, "budget.tokens must be a number above 0 (got 0)"],
  ])("%j", (given, issue) => {
    const { issues } = RetryPolicy.make(unchecked(given))
    assert.deepStrictEqual(
      issues.map(({ message, path }) => `${path.join(".")} ${message}`),
      [issue],
    )
  })

  it("may be at their limits", () => {
    for (const given of [
      { times: 0, budget: false as const, maxRetryAfter: 0 },
      { maxRetryAfter: Infinity, schedule: Schedule.forever },
      { budget: { tokens: 1, refund: 0 } },
    ]) {
      assert.deepStrictEqual(RetryPolicy.make(given).issues, [])
    }
  })
})

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

const aKey =
  "apiKey must be visible ASCII characters, without spaces or line breaks, and not be empty"
const aSender = "senderId must be a GUID, e.g. 3f2504e0-4f89-41d3-9a0c-0305e82c3301"

/** The credentials of a vault that returns these. */
const loading = (loaded: unknown) =>
  Effect.flatMap(SentCredentials.SentCredentials, (service) => service.get).pipe(
    Effect.provide(SentCredentials.layerEffect({ load: Effect.succeed(unchecked(loaded)) })),
  )

describe("credentials", () => {
  const { apiKey, senderId } = credentials
  it.effect.each<readonly [input: unknown, issues: string]>([
    [
      { senderId, apiKey: "undefined" },
      `${aKey} (it is the word "undefined": a variable was not set)`,
    ],
    [{ senderId, apiKey: undefined }, `${aKey} (it is undefined)`],
    [{ senderId, apiKey: Redacted.make("") }, `${aKey} (it is empty)`],
    [{ senderId, apiKey: '"sk_live_1"' }, `${aKey} (it is in quotes: remove them)`],
    [
      { senderId, apiKey: "sk_live_1\n" },
      `${aKey} (it begins or ends with a space or a line break)`,
    ],
    [{ senderId, apiKey: 12_345 }, `${aKey} (it is a number)`],
    [{ senderId: "me", apiKey }, aSender],
    [{ senderID: senderId, apiKey }, "senderID is not an option (did you mean senderId?)"],
    [undefined, "must be an object with options (got undefined)"],
  ])("%j", ([input, issues]) =>
    Effect.gen(function* () {
      const found = yield* issuesOf(Layer.build(SentCredentials.layer(unchecked(input))))
      assert.strictEqual(found, issues)
      for (const secret of ["sk_live", "12345"]) assert.notInclude(found, secret)
    }),
  )

  it.effect("that rotate: the options", () =>
    Effect.gen(function* () {
      const layer = SentCredentials.layerEffect<never, never>(
        unchecked({ load: () => credentials, ttl: 1 }),
      )
      assert.strictEqual(
        yield* issuesOf(Layer.build(layer)),
        "ttl is not an option (the options are load, timeToLive)\nload must be an Effect (got a function)",
      )
      yield* Layer.build(
        SentCredentials.layerEffect({ load: Effect.succeed(credentials), timeToLive: Infinity }),
      )
    }),
  )

  it.effect(
    "that a load returns malformed are unavailable, and what else it returns is ignored",
    () =>
      Effect.gen(function* () {
        for (const [loaded, description] of [
          [undefined, "must be an object with options (got undefined)"],
          [
            { ...credentials, apiKey: "undefined" },
            `${aKey} (it is the word "undefined": a variable was not set)`,
          ],
        ]) {
          const error = yield* Effect.flip(loading(loaded))
          assert.instanceOf(error.reason, SentError.CredentialsUnavailable)
          assert.strictEqual(error.reason.description, description)
        }
        yield* loading({ ...credentials, createdAt: 1 })
      }),
  )
})

// -----------------------------------------------------------------------------
// The environment
// -----------------------------------------------------------------------------

const variables = { SENT_SENDER_ID: credentials.senderId, SENT_API_KEY: credentials.apiKey }

const from = (environment: Readonly<Record<string, string>>) =>
  Effect.provideService(
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromEnv({ env: { ...environment } }),
  )

const configured = (given: unknown) =>
  Layer.build(SentClient.layerConfig(unchecked(given))).pipe(
    Effect.provide([SentCredentials.layer(credentials), FetchHttpClient.layer]),
    from({ SENT_BASE_URL: "", TIMEOUT: "soon" }),
  )

describe("the environment", () => {
  it.effect.each<
    readonly [environment: Readonly<Record<string, string>>, message: string | RegExp]
  >([
    [
      {},
      /^invalid options: SENT_SENDER_ID is not set: copy .*; SENT_API_KEY is not set: copy [^;]*$/,
    ],
    [
      { ...variables, SENT_API_KEY: "" },
      /SENT_API_KEY is empty: copy the value from your Sent dashboard/,
    ],
    [
      { ...variables, SENT_API_KEY: '"sk"' },
      /SENT_API_KEY must be .* \(it is in quotes: remove them\)/,
    ],
    [
      { ...variables, SENT_BASE_URL: "" },
      /SENT_BASE_URL must be an absolute URL.*it is empty: remove it/,
    ],
    [
      { ...variables, SENT_BASE_URL: "https://api.sent.dm/v1" },
      /SENT_BASE_URL must not end in \/v1/,
    ],
    [
      { ...variables, SENT_BASE_URL: "http://mock:4010" },
      /SENT_BASE_URL must be an https URL: .*SENT_ALLOW_PLAIN_HTTP to true/,
    ],
    [
      { ...variables, SENT_BASE_URL: "http://mock:4010", SENT_ALLOW_PLAIN_HTTP: "false" },
      /SENT_BASE_URL must be an https URL/,
    ],
    [
      { ...variables, SENT_ALLOW_PLAIN_HTTP: "yes" },
      /SENT_ALLOW_PLAIN_HTTP must be true or false \(got "yes"\)/,
    ],
    [
      { ...variables, SENT_ALLOW_PLAIN_HTTP: "" },
      /SENT_ALLOW_PLAIN_HTTP must be true or false \(got ""\)/,
    ],
  ])("%j", ([environment, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(SentClient.layerEnv)).pipe(from(environment))
      assert.strictEqual(error._tag, "SentError")
      assert.match(error.message.replace(" [not sent]", ""), new RegExp(message))
    }),
  )

  it.effect("may have variables whose names begin like those that are read", () =>
    Effect.gen(function* () {
      yield* Layer.build(SentClient.layerEnv).pipe(
        from({ ...variables, SENT_BASE_URL_OF_TESTS: "x", SENT_ALLOW_PLAIN_HTTP_NOW: "" }),
      )
    }),
  )

  it.effect("allows plain http in so many letters, with a warning at each layer", () =>
    Effect.gen(function* () {
      const warnings: Array<unknown> = []
      const capture = Logger.layer([
        Logger.make(({ logLevel, message }) => {
          if (logLevel === "Warn") warnings.push(message)
        }),
      ])
      const variable = Layer.build(SentClient.layerEnv).pipe(
        from({ ...variables, SENT_BASE_URL: "http://mock:4010", SENT_ALLOW_PLAIN_HTTP: "true" }),
      )
      const option = Layer.build(
        clientLayer(accepting, {
          baseUrl: "http://host.docker.internal:4010",
          allowPlainHttp: true,
        }),
      )
      const loopback = Layer.build(
        clientLayer(accepting, { baseUrl: "http://127.0.0.1:4010", allowPlainHttp: true }),
      )
      yield* Effect.all([variable, option, loopback]).pipe(Effect.provide(capture))
      assert.deepStrictEqual(
        warnings.flat(),
        ["mock:4010", "host.docker.internal:4010"].map(
          (host) =>
            `Plain http to ${host} is allowed: everyone on the network can read the API key and the messages`,
        ),
      )
    }),
  )

  it.effect("is not read for options that are given, and their names are checked too", () =>
    Effect.gen(function* () {
      yield* configured({ baseUrl: "https://given.example" })
      const wrong = { baseUrl: "https://given.example", timeOut: Config.String("TIMEOUT") }
      const error = yield* Effect.flip(configured(wrong))
      assert.include(error.message, "timeOut is not an option (did you mean timeout?)")
      assert.include(
        (yield* Effect.flip(configured(3))).message,
        "must be an object with options (got 3)",
      )
    }),
  )
})

// -----------------------------------------------------------------------------
// Bulk, webhooks, tracker
// -----------------------------------------------------------------------------

describe("the options of a bulk", () => {
  it.effect.each<readonly [inputs: unknown, options: unknown, issues: string]>([
    [
      [sample],
      {},
      "inputs must be a Stream; a list becomes one with Stream.fromIterable (got an array)",
    ],
    [Stream.empty, { order: "fast" }, 'order must be "input" or "completion" (got "fast")'],
    [Stream.empty, { concurency: 1 }, "concurency is not an option (did you mean concurrency?)"],
    [Stream.empty, { concurrency: "8" }, 'concurrency must be a whole number, 1 or more (got "8")'],
    [
      Stream.empty,
      { concurrency: Infinity },
      "concurrency must be a whole number, 1 or more (got Infinity)",
    ],
    [Stream.empty, { send: { timeout: "soon" } }, `send.timeout ${aDuration} (got "soon")`],
    [Stream.empty, { onProgress: true }, "onProgress must be a function (got true)"],
  ])("%j %j", ([inputs, given, issues]) =>
    Effect.gen(function* () {
      const all = BulkSender.sendAll<never, never>(unchecked(inputs), unchecked(given))
      const run = BulkSender.run<never, never>(unchecked(inputs), unchecked(given))
      assert.strictEqual(yield* issuesOf(Stream.runDrain(all)), issues)
      if (!issues.startsWith("order")) assert.strictEqual(yield* issuesOf(run), issues)
    }).pipe(Effect.provide(clientLayer(accepting, {}))),
  )
})

const webhookSecret = "whsec_YW4gZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4="
const aSecret = "must be `whsec_` and the base64 of the key, as the provider shows it"

describe("the options of a webhook", () => {
  it.effect.each<readonly [options: unknown, issues: string]>([
    [{ secret: [] }, "secret must not be an empty list"],
    [{}, `secret ${aSecret} (it is undefined)`],
    [{ secret: [webhookSecret, undefined] }, `secret.1 ${aSecret} (it is undefined)`],
    [
      { secret: "undefined" },
      `secret ${aSecret} (it is the word "undefined": a variable was not set)`,
    ],
    [{ secret: "whsec_YQ==" }, `secret ${aSecret} (the key has 1 of at least 16 bytes)`],
    [{ secret: `'${webhookSecret}'` }, `secret ${aSecret} (it is in quotes: remove them)`],
    [{ secret: Redacted.make("not base64!") }, `secret ${aSecret}`],
    [
      { secret: webhookSecret, tolerance: "-1 seconds" },
      `tolerance ${aDuration} (got "-1 seconds")`,
    ],
    [{ secret: webhookSecret, tolerance: 0 }, `tolerance ${aDuration} (got 0)`],
    [{ secret: webhookSecret, tolerance: "soon" }, `tolerance ${aDuration} (got "soon")`],
    [{ secret: webhookSecret, tolerance: Number.NaN }, `tolerance ${aDuration} (got NaN)`],
    [{ secret: webhookSecret, tolerance: Infinity }, `tolerance ${aDuration} (got Infinity)`],
  ])("%j", ([given, issues]) =>
    Effect.gen(function* () {
      const receiver = unchecked(Object.assign({ handle: () => Effect.void }, given))
      assert.strictEqual(yield* issuesOf(SentWebhook.makeVerifier(unchecked(given))), issues)
      assert.strictEqual(
        yield* issuesOf(SentWebhook.verify({ headers: {}, body: "{}" }, unchecked(given))),
        issues,
      )
      const route = Layer.provide(
        SentWebhook.route<never, never>("/hooks", receiver),
        HttpRouter.layer,
      )
      assert.strictEqual(yield* issuesOf(Layer.build(route)), issues)
    }),
  )

  it.effect.each<readonly [options: object, issues: string]>([
    [{ maxBodyBytes: -1 }, "maxBodyBytes must be a whole number, 1 or more (got -1)"],
    [{ maxBodyBytes: Number.NaN }, "maxBodyBytes must be a whole number, 1 or more (got NaN)"],
    [{ dedupeSize: 0 }, "dedupeSize must be a whole number, 1 or more (got 0)"],
    [{ dedupeSize: -5 }, "dedupeSize must be a whole number, 1 or more (got -5)"],
    [
      { remembered: 5 },
      "remembered is not an option (the options are secret, tolerance, maxBodyBytes, timeout, handle, dedupeSize, store)",
    ],
    [{ store: new Map() }, "store must be a DeliveryStore (got a Map)"],
    [{ handle: "log" }, 'handle must be a function (got "log")'],
  ])("of a receiver: %j", ([given, issues]) =>
    Effect.gen(function* () {
      const receiver = unchecked({ secret: webhookSecret, handle: () => Effect.void, ...given })
      const route = Layer.provide(
        SentWebhook.route<never, never>("/hooks", receiver),
        HttpRouter.layer,
      )
      assert.strictEqual(yield* issuesOf(Layer.build(route)), issues)
    }),
  )

  it.effect("of a signature", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* issuesOf(SentWebhook.sign("{}", { secret: "whsec_YQ==", timestamp: Number.NaN })),
        `secret ${aSecret} (the key has 1 of at least 16 bytes)\ntimestamp must be a number of at least 0 (got NaN)`,
      )
    }),
  )
})

describe("the options of a tracker", () => {
  const right = { publicUrl: "https://app.example.com/hooks", secret: "x".repeat(32) }
  it.effect.each<readonly [options: object, issues: string]>([
    [
      { timeToLive: "soon" },
      'timeToLive must be a duration above zero, e.g. "30 seconds" (got "soon")',
    ],
    [{ webhookSecret: [] }, "webhookSecret must not be an empty list"],
    [
      { webhookSecret: "whsec_YQ==" },
      `webhookSecret ${aSecret} (the key has 1 of at least 16 bytes)`,
    ],
    [{ secret: undefined }, "secret must have at least 32 characters (it is undefined)"],
    [{ secret: "short" }, "secret must have at least 32 characters (it has 5)"],
    [
      { secret: `"${"x".repeat(40)}"` },
      "secret must have at least 32 characters (it is in quotes: remove them)",
    ],
    [{ capacity: 1.5 }, "capacity must be a whole number, 1 or more (got 1.5)"],
    [{ maxBodyBytes: 0 }, "maxBodyBytes must be a whole number, 1 or more (got 0)"],
    [{ publicURL: "x" }, "publicURL is not an option (did you mean publicUrl?)"],
    [{ store: {} }, "store must be a DeliveryStore (got an object)"],
  ])("%j", ([given, issues]) =>
    Effect.gen(function* () {
      const layer = DeliveryTracker.layer(unchecked({ ...right, ...given }))
      assert.strictEqual(
        yield* issuesOf(Layer.build(Layer.provide(layer, clientLayer(accepting, {})))),
        issues,
      )
    }),
  )
})
