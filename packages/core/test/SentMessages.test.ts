/** Sends and look-ups over v3: what is on the wire, what comes back, and what a key makes of a failure. */
import {
  BulkSender,
  RetryPolicy,
  SentClient,
  SentCredentials,
  SentError,
  SentMessages,
} from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { credentials } from "@effect-sent/faults/sample"
import {
  DateTime,
  Duration,
  Effect,
  Fiber,
  Layer,
  Random,
  Redacted,
  Result,
  Schedule,
  Stream,
} from "effect"
import {
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  HttpClientResponse,
} from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"

// -----------------------------------------------------------------------------
// A service in memory
// -----------------------------------------------------------------------------

/** A response, a connection that breaks before it, or none. */
type Answer =
  | {
      readonly status: number
      readonly body?: unknown
      readonly headers?: Readonly<Record<string, string>>
    }
  | "reset"
  | "refused"
  | "silent"

const messageId = "8ba7b830-9dad-11d1-80b4-00c04fd430c8"
const templateId = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"
const meta = { request_id: "req_2", timestamp: "2026-01-01T00:00:00Z", version: "v3" }

const acceptedFor = (...recipients: ReadonlyArray<string>) => ({
  success: true,
  data: {
    status: "QUEUED",
    template_id: templateId,
    template_name: "order_confirmation",
    recipients: recipients.map((to, index) => ({
      message_id: messageId.replace(/^8/, String(index + 1)).toUpperCase(),
      to,
      channel: "sms",
      body: "Hello",
    })),
  },
  error: null,
  meta,
})

const to = "+1234567890"
const accepted: Answer = { status: 202, body: acceptedFor(to) }
const refused = (
  status: number,
  code: string,
  message = "No",
  details: unknown = null,
): Answer => ({
  status,
  body: { success: false, data: null, error: { code, message, details, doc_url: null }, meta },
})

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const textOf = ({ body }: HttpClientRequest.HttpClientRequest): string | undefined =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : undefined

const failed = (request: HttpClientRequest.HttpClientRequest, cause: object) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause }),
  })

/** Answers the requests in turn, the last answer forever. */
const answering = (...answers: ReadonlyArray<Answer>) => {
  const requests: Array<Seen> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const { headers, method } = request
      requests.push({ method, url: url.href, headers: { ...headers }, body: textOf(request) })
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? "silent"
      if (answer === "silent") return yield* Effect.never
      if (answer === "reset") return yield* failed(request, { code: "ECONNRESET", syscall: "read" })
      if (answer === "refused")
        return yield* failed(request, { code: "ECONNREFUSED", syscall: "connect" })
      const body = answer.body === undefined ? null : JSON.stringify(answer.body)
      return HttpClientResponse.fromWeb(
        request,
        new Response(body, {
          status: answer.status,
          headers: { "content-type": "application/json", ...answer.headers },
        }),
      )
    }),
  )
  return { requests, http: Layer.succeed(HttpClient.HttpClient, client) }
}

// The waits are left out, and nothing else.
const atOnce = (policy: RetryPolicy.RetryPolicy): RetryPolicy.RetryPolicy => ({
  ...policy,
  schedule: Schedule.forever,
})

const { apiKey } = credentials
const profileId = "0f8fad5b-d9cb-469f-a165-70867728950e"

const layerOf = (
  http: Layer.Layer<HttpClient.HttpClient>,
  options: SentMessages.Options = {},
  given: SentCredentials.CredentialsInput = { apiKey },
) =>
  SentMessages.layer({ retryPolicy: atOnce(RetryPolicy.sameKey), ...options }).pipe(
    Layer.provide(SentCredentials.layer(given)),
    Layer.provide(http),
  )

const input: SentMessages.Input = {
  to: [to],
  template: { id: templateId, parameters: { name: "John Doe" } },
}

const sendOver = (
  answers: ReadonlyArray<Answer>,
  sendOptions?: SentMessages.SendOptions,
  message: SentMessages.Input = input,
) => {
  const { http, requests } = answering(...answers)
  return SentMessages.send(message, sendOptions).pipe(
    Effect.result,
    Effect.provide(layerOf(http)),
    Effect.map((result) => ({ result, requests })),
  )
}

const keysOf = (requests: ReadonlyArray<Seen>): ReadonlyArray<string | undefined> =>
  requests.map(({ headers }) => headers["idempotency-key"])

const errorOf = <A>(result: Result.Result<A, SentError.SentError>): SentError.SentError => {
  if (Result.isSuccess(result)) throw new Error("a success")
  return result.failure
}

const summaryOf = <A extends { readonly attempts: number }>(
  result: Result.Result<A, SentError.SentError>,
): string =>
  Result.match(result, {
    onSuccess: ({ attempts }) => `accepted after ${attempts}`,
    onFailure: ({ attempts, delivery, reason }) => `${reason._tag} ${delivery} after ${attempts}`,
  })

// -----------------------------------------------------------------------------
// The wire
// -----------------------------------------------------------------------------

describe("a send", () => {
  it.effect("goes to v3 with the key alone, an idempotency key and the message", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      yield* SentMessages.send({ ...input, channel: ["sms"] }).pipe(Effect.provide(layerOf(http)))
      assert.lengthOf(requests, 1)
      const [{ body, headers, method, url } = Object()] = requests
      assert.deepStrictEqual([method, url], ["POST", "https://api.sent.dm/v3/messages"])
      assert.deepStrictEqual(JSON.parse(String(body)), { ...input, channel: ["sms"] })
      assert.strictEqual(headers["x-api-key"], apiKey)
      assert.notProperty(headers, "x-sender-id")
      assert.notProperty(headers, "x-profile-id")
      assert.match(headers["idempotency-key"], /^[A-Za-z0-9_-]{32}$/)
    }),
  )

  it.effect("goes with the profile, and without the sender id, where there is one", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      yield* SentMessages.send(input).pipe(
        Effect.provide(layerOf(http, {}, { ...credentials, profileId })),
      )
      assert.strictEqual(requests[0]?.headers["x-profile-id"], profileId)
      assert.notProperty(requests[0]?.headers, "x-sender-id")
    }),
  )

  it.effect("has a receipt with a result for each recipient, in the order of the input", () =>
    Effect.gen(function* () {
      const other = "+1987654321"
      const { result } = yield* sendOver(
        [{ status: 202, body: acceptedFor(other, to) }],
        { idempotencyKey: "order-1" },
        { to: [to, other], text: "Hello" },
      )
      const receipt = Result.getOrThrow(result)
      assert.deepStrictEqual(
        receipt.recipients.map(({ messages, to: number }) => [
          Redacted.value(number),
          messages.map((message) => [message.messageId, message.channel]),
        ]),
        [
          [to, [[messageId.replace(/^8/, "2"), "sms"]]],
          [other, [[messageId.replace(/^8/, "1"), "sms"]]],
        ],
      )
      assert.deepInclude(receipt, {
        status: 202,
        attempts: 1,
        idempotencyKey: "order-1",
        isReplayed: false,
        requestId: "req_2",
        templateId,
      })
      assert.notInclude(JSON.stringify(receipt) + inspect(receipt, { depth: 9 }), "234567890")
      assert.notInclude(JSON.stringify(receipt) + inspect(receipt, { depth: 9 }), "Hello")
    }),
  )

  it.effect.each<readonly [name: string, answer: Answer]>([
    ["without a body", { status: 202 }],
    ["with a body without recipients", { status: 202, body: { success: true } }],
    ["with 200", { status: 200, body: acceptedFor() }],
  ])("is accepted by the status: %s", ([, answer]) =>
    Effect.gen(function* () {
      const { result } = yield* sendOver([answer])
      assert.deepStrictEqual(
        Result.getOrThrow(result).recipients.map(({ messages }) => messages),
        [[]],
      )
    }),
  )

  it.effect("of 1,000 recipients has the ids of all of them, whose answer has megabytes", () =>
    Effect.gen(function* () {
      const numbers = Array.from({ length: 1000 }, (_, index) => `+1${2_000_000_000 + index}`)
      const body = acceptedFor(...numbers)
      for (const row of body.data.recipients) row.body = "x".repeat(1600)
      const { result } = yield* sendOver([{ status: 202, body }], undefined, {
        to: numbers,
        text: "x".repeat(1600),
      })
      const { recipients } = Result.getOrThrow(result)
      assert.strictEqual(recipients.filter(({ messages }) => messages.length === 1).length, 1000)
    }),
  )
})

// -----------------------------------------------------------------------------
// Malformed inputs and options
// -----------------------------------------------------------------------------

// Malformed on purpose.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const unchecked = (value: unknown): never => value as never

describe("a malformed input", () => {
  it.effect.each<readonly [input: unknown, issues: ReadonlyArray<string>]>([
    [{ to: [], text: "a" }, ["to must have a recipient"]],
    [{ to: [to, to], text: "a" }, ["to must name each recipient once"]],
    [
      { to: Array.from({ length: 1001 }, (_, index) => `+1${2_000_000_000 + index}`), text: "a" },
      ["to must have at most 1000 recipients"],
    ],
    [{ text: "a" }, ["to is required"]],
    [{ to, text: "a" }, ["to must be a list"]],
    [{ to: new Set([to]), text: "a" }, ["to must be a list"]],
    [{ to: [to], text: "a", sandbox: "yes" }, ["sandbox must be true or false"]],
    [{ to: [to], text: "a", channel: "sms" }, ["channel must be a list"]],
    [{ to: [to], template: "a" }, ["template must be an object"]],
    [{ to: [to] }, ["must have either a template or a text"]],
    [{ ...input, text: "a" }, ["must have either a template or a text"]],
    [{ to: [to], template: {} }, ["template must have either an id or a name"]],
    [
      { to: [to], template: { id: templateId, name: "a" } },
      ["template must have either an id or a name"],
    ],
    [{ to: [to], template: { name: "" } }, ["template.name must not be empty"]],
    [{ to: [to], text: "" }, ["text must not be empty"]],
    [
      { to: [to], text: "\ud800" },
      ["text is not well-formed Unicode (a lone surrogate at character 1)"],
    ],
    [
      { to: [to], template: { name: "a", parameters: { b: 1 } } },
      ["template.parameters.b must be a string"],
    ],
    [{ ...input, chanel: ["sms"] }, ["chanel is not a known field"]],
    [{ ...input, channel: ["fax"] }, ['channel.0 must be "sent", "sms", "whatsapp" or "rcs"']],
    [
      { to: [to, "001234567890"], text: "a" },
      [
        "to.1 must be an E.164 phone number: + and 7 to 15 digits, e.g. +1234567890 (it begins with 00 instead of +)",
      ],
    ],
    [null, ["must be an object"]],
  ])("is refused with its paths: %#", ([given, issues]) =>
    Effect.gen(function* () {
      const { requests, result } = yield* sendOver([accepted], undefined, unchecked(given))
      const { attempts, delivery, reason } = errorOf(result)
      assert.instanceOf(reason, SentError.InvalidRequest)
      assert.deepStrictEqual(
        reason.issues.map(({ message, path }) => [path.join("."), message].join(" ").trim()),
        issues,
      )
      assert.deepStrictEqual([delivery, attempts, requests.length], ["not-sent", 0, 0])
    }),
  )

  it.effect.each(["", "a b", "+1234567890", "a".repeat(256), "ä", 3, null])(
    "an idempotency key is refused without being shown: %s",
    (idempotencyKey) =>
      Effect.gen(function* () {
        const { requests, result } = yield* sendOver([accepted], {
          idempotencyKey: unchecked(idempotencyKey),
        })
        const error = errorOf(result)
        assert.include(
          error.message,
          "idempotencyKey must be 1 to 255 letters, digits, hyphens and underscores",
        )
        assert.notInclude(error.message, "1234567890")
        assert.lengthOf(requests, 0)
      }),
  )
})

// -----------------------------------------------------------------------------
// The key
// -----------------------------------------------------------------------------

const lost: ReadonlyArray<Answer> = ["reset", accepted]

describe("the idempotency key", () => {
  it.effect("is the same for all requests of a send, with the same bytes", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* sendOver([
        "reset",
        "refused",
        refused(429, "BUSINESS_002"),
        accepted,
      ])
      assert.strictEqual(summaryOf(result), "accepted after 4")
      assert.strictEqual(new Set(keysOf(requests)).size, 1)
      assert.strictEqual(new Set(requests.map(({ body }) => body)).size, 1)
    }),
  )

  it.effect("is another one for each send, also if chance is seeded", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      const one = SentMessages.send(input).pipe(Random.withSeed("the same"))
      yield* Effect.all([one, one, one]).pipe(Effect.provide(layerOf(http)))
      assert.strictEqual(new Set(keysOf(requests)).size, 3)
    }),
  )

  it.effect("is the caller's, and that of a sandbox message another one", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      const options = { idempotencyKey: "order-1" }
      yield* Effect.all([
        SentMessages.send(input, options),
        SentMessages.send({ ...input, sandbox: true }, options),
      ]).pipe(Effect.provide(layerOf(http)))
      assert.deepStrictEqual(keysOf(requests), ["order-1", "sandbox_order-1"])
    }),
  )

  it.effect("of a sandbox message is refused for a real one", () =>
    Effect.gen(function* () {
      const { requests, result } = yield* sendOver([accepted], {
        idempotencyKey: "sandbox_order-1",
      })
      assert.include(errorOf(result).message, 'idempotencyKey must not begin with "sandbox_"')
      assert.lengthOf(requests, 0)
    }),
  )

  it.effect("makes a lost answer no unknown one: a replay is seen as such", () =>
    Effect.gen(function* () {
      const replayed = {
        ...accepted,
        headers: { "Idempotent-Replayed": "true", "X-Original-Request-Id": "req_1" },
      }
      const { result } = yield* sendOver(["reset", replayed])
      const receipt = Result.getOrThrow(result)
      assert.deepInclude(receipt, { attempts: 2, isReplayed: true, requestId: "req_1" })
      assert.strictEqual(receipt.recipients[0]?.messages.length, 1)
    }),
  )

  it.effect.each<
    readonly [summary: string, answers: ReadonlyArray<Answer>, policy?: RetryPolicy.RetryPolicy]
  >([
    // Settled.
    ["accepted after 2", lost],
    ["accepted after 2", [refused(409, "CONFLICT_001"), accepted]],
    ["accepted after 3", ["reset", refused(409, "CONFLICT_001"), accepted]],
    ["accepted after 2", [refused(503, "SERVICE_001"), accepted]],
    ["accepted after 3", ["reset", "reset", accepted]],
    ["accepted after 3", ["reset", { status: 503, headers: { "Retry-After": "0" } }, accepted]],
    // The way out, and no tries left.
    ["ConnectionLost unknown after 1", lost, RetryPolicy.notSent],
    ["ConnectionLost unknown after 1", lost, RetryPolicy.none],
    ["ConnectionLost unknown after 4", ["reset"]],
    ["KeyConflict unknown after 4", [refused(409, "CONFLICT_001")]],
    ["KeyConflict unknown after 1", [refused(409, "CONFLICT_001"), accepted], RetryPolicy.notSent],
    // A request that may have been accepted stays unknown, whatever is said of a later one.
    ["RequestRejected unknown after 2", ["reset", refused(422, "BUSINESS_005")]],
    ["CredentialsRejected unknown after 2", ["reset", refused(401, "AUTH_002")]],
    ["ConnectionFailed unknown after 4", ["reset", "refused"]],
    // Where the provider does not say what becomes of the key, nothing is repeated.
    ["ServerFailed unknown after 1", [refused(500, "INTERNAL_001"), accepted]],
    ["ServerFailed unknown after 1", [refused(502, "INTERNAL_003"), accepted]],
    ["ServerFailed unknown after 1", [{ status: 504 }, accepted]],
    ["ServerFailed unknown after 2", ["reset", refused(500, "INTERNAL_001"), accepted]],
    ["ServiceOverloaded unknown after 1", [refused(503, "INTERNAL_005"), accepted]],
    // The store may have failed before it kept the key of the first one.
    ["ServiceOverloaded unknown after 2", ["reset", refused(503, "SERVICE_001"), accepted]],
    ["UnexpectedResponse unknown after 1", [{ status: 408 }, accepted]],
    ["KeyConflict unknown after 1", [refused(409, "CONFLICT_002"), accepted]],
    ["KeyConflict unknown after 1", [{ status: 409 }, accepted]],
    ["UnexpectedResponse unknown after 1", [{ status: 202, body: { success: false } }, accepted]],
  ])("%s (%#)", ([summary, answers, retryPolicy = RetryPolicy.sameKey]) =>
    Effect.gen(function* () {
      const { requests, result } = yield* sendOver(answers, { retryPolicy: atOnce(retryPolicy) })
      assert.strictEqual(summaryOf(result), summary)
      assert.strictEqual(new Set(keysOf(requests)).size, 1)
    }),
  )

  it.effect("of a silent request settles it after the time-out", () =>
    Effect.gen(function* () {
      const sending = yield* Effect.forkChild(
        sendOver(["silent", accepted], { timeout: "1 second" }),
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(summaryOf((yield* Fiber.join(sending)).result), "accepted after 2")
    }),
  )

  it.effect("is not relied upon once the service may have forgotten it", () =>
    Effect.gen(function* () {
      const now = yield* DateTime.now
      const firstUsedAt = DateTime.subtractDuration(now, Duration.hours(23))
      const { requests, result } = yield* sendOver([accepted], {
        idempotencyKey: { key: "order-1", firstUsedAt },
      })
      assert.strictEqual(summaryOf(result), "InvalidOptions unknown after 0")
      assert.lengthOf(requests, 0)
    }),
  )

  it.effect("ends a send before the service may forget it, whatever the deadline", () =>
    Effect.gen(function* () {
      const now = yield* DateTime.now
      const firstUsedAt = DateTime.subtractDuration(now, Duration.minutes(23 * 60 - 1))
      const sending = yield* Effect.forkChild(
        sendOver(["reset"], {
          idempotencyKey: { key: "order-1", firstUsedAt },
          deadline: "48 hours",
          retryPolicy: RetryPolicy.make({
            times: 1000,
            budget: false,
            schedule: Schedule.spaced("10 seconds"),
          }),
        }),
      )
      yield* TestClock.adjust("1 hour")
      const { requests, result } = yield* Fiber.join(sending)
      assert.strictEqual(summaryOf(result), "TimedOut unknown after 6")
      assert.lengthOf(requests, 6)
    }),
  )

  it.effect("of an earlier send leaves it unknown, whatever is said of this one", () =>
    Effect.gen(function* () {
      const firstUsedAt = yield* DateTime.now
      const options = { idempotencyKey: { key: "order-1", firstUsedAt } }
      const rejected = yield* sendOver([refused(422, "BUSINESS_005")], options)
      assert.strictEqual(summaryOf(rejected.result), "RequestRejected unknown after 1")
      const settled = yield* sendOver(["refused", accepted], options)
      assert.strictEqual(summaryOf(settled.result), "accepted after 2")
    }),
  )

  it.effect.each<
    readonly [detail: string, headers: Readonly<Record<string, string>>, number: string]
  >([
    ["was used for another message", { "Idempotent-Replayed": "true" }, "+1987654321"],
    ["that of a sandbox request", { "X-Sandbox": "true" }, to],
  ])("of another message does not prove this one: %s", ([detail, headers, number]) =>
    Effect.gen(function* () {
      const answer = { status: 202, body: acceptedFor(number), headers }
      const { requests, result } = yield* sendOver([answer], { idempotencyKey: "order-1" })
      assert.strictEqual(summaryOf(result), "KeyConflict unknown after 1")
      assert.include(errorOf(result).message, detail)
      assert.lengthOf(requests, 1)
    }),
  )

  it.effect("is not repeated with the credentials of another account", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(...lost)
      const profiles = [profileId, profileId.replace(/^0/, "1")]
      const rotating = Layer.succeed(SentCredentials.SentCredentials, {
        get: Effect.suspend(() => SentCredentials.make({ apiKey, profileId: profiles.shift() })),
      })
      const result = yield* SentMessages.send(input).pipe(
        Effect.result,
        Effect.provide(
          SentMessages.layer({ retryPolicy: atOnce(RetryPolicy.sameKey) }).pipe(
            Layer.provide(rotating),
            Layer.provide(http),
          ),
        ),
      )
      assert.strictEqual(summaryOf(result), "ConnectionLost unknown after 1")
      assert.lengthOf(requests, 1)
    }),
  )
})

// -----------------------------------------------------------------------------
// Refusals
// -----------------------------------------------------------------------------

describe("a refusal", () => {
  it.effect.each<readonly [tag: string, mendedBy: string, answer: Answer]>([
    ["ValidationFailed", "operator", refused(400, "VALIDATION_001", "No", { text: ["too long"] })],
    ["InvalidPhoneNumber", "recipient", refused(400, "VALIDATION_002", "No", { to: ["not so"] })],
    ["RequestRejected", "operator", refused(400, "VALIDATION_007")],
    ["CredentialsRejected", "operator", refused(401, "AUTH_002")],
    ["AccessDenied", "operator", refused(403, "AUTH_005")],
    ["TemplateNotFound", "operator", refused(404, "RESOURCE_002")],
    ["InsufficientBalance", "operator", refused(422, "BUSINESS_003")],
    ["RequestRejected", "operator", refused(422, "BUSINESS_999")],
    ["EndpointNotFound", "operator", { status: 404 }],
  ])("%s is read by its code, or by its status", ([tag, mendedBy, answer]) =>
    Effect.gen(function* () {
      const error = errorOf((yield* sendOver([answer])).result)
      assert.deepStrictEqual(
        [error.reason._tag, error.delivery, error.mendedBy, error.attempts],
        [tag, "not-sent", mendedBy, 1],
      )
    }),
  )

  it.effect("says its code, and nothing of the message", () =>
    Effect.gen(function* () {
      const words = "No template for +1 (234) 567-890 and John Doe"
      const error = errorOf((yield* sendOver([refused(422, "BUSINESS_005", words)])).result)
      assert.instanceOf(error.reason, SentError.RequestRejected)
      assert.strictEqual(error.reason.code, "BUSINESS_005")
      assert.strictEqual(error.reason.detail, "No template for <redacted> and <redacted>")
    }),
  )
})

// -----------------------------------------------------------------------------
// Look-ups
// -----------------------------------------------------------------------------

const lookingUp = (...answers: ReadonlyArray<Answer>) => {
  const { http, requests } = answering(...answers)
  const run = <A>(effect: Effect.Effect<A, SentError.SentError, SentMessages.SentMessages>) =>
    Effect.provide(Effect.result(effect), layerOf(http))
  return { requests, run }
}

const found: Answer = {
  status: 200,
  body: {
    success: true,
    data: {
      id: messageId.toUpperCase(),
      status: "DELIVERED",
      channel: "sms",
      phone: to,
      price: 0.0075,
      created_at: "2026-01-01T00:00:00Z",
      events: [{ status: "PROCESSED", timestamp: "2026-01-01T00:00:01Z", description: null }],
      something: "new",
    },
    error: null,
    meta,
  },
}

describe("a look-up", () => {
  it.effect("finds a message, without an idempotency key or a body", () =>
    Effect.gen(function* () {
      const { requests, run } = lookingUp(found)
      const message = Result.getOrThrow(yield* run(SentMessages.get(messageId)))
      assert.deepInclude(message, { id: messageId, status: "DELIVERED", channel: "sms" })
      assert.strictEqual(String(message.price), "BigDecimal(0.0075)")
      assert.deepStrictEqual(
        message.events.map(({ status }) => status),
        ["PROCESSED"],
      )
      const [{ body, headers, method, url } = Object()] = requests
      assert.deepStrictEqual(
        [method, url, body],
        ["GET", `https://api.sent.dm/v3/messages/${messageId}`, undefined],
      )
      assert.notProperty(headers, "idempotency-key")
      assert.notProperty(headers, "content-type")
    }),
  )

  it.effect("finds what happened to it", () =>
    Effect.gen(function* () {
      const { requests, run } = lookingUp({
        status: 200,
        body: {
          success: true,
          data: {
            message_id: messageId,
            activities: [
              { status: "SENT", timestamp: "2026-01-01T00:00:01Z", price: "0.0075", from: to },
            ],
          },
        },
      })
      const activities = Result.getOrThrow(yield* run(SentMessages.activities(messageId)))
      assert.deepStrictEqual(
        activities.map(({ price, status }) => [status, String(price)]),
        [["SENT", "BigDecimal(0.0075)"]],
      )
      assert.match(requests[0]?.url ?? "", /\/activities$/)
    }),
  )

  it.effect.each<readonly [tag: string, attempts: number, answers: ReadonlyArray<Answer>]>([
    ["MessageNotFound", 1, [refused(404, "RESOURCE_003")]],
    ["ConnectionLost", 4, ["reset"]],
    ["ServerFailed", 4, [refused(500, "INTERNAL_001")]],
    ["UnexpectedResponse", 1, [{ status: 200, body: { success: true, data: null } }]],
    ["UnexpectedResponse", 1, [{ status: 200, body: { success: false } }]],
  ])("that fails with %s can have sent nothing", ([tag, attempts, answers]) =>
    Effect.gen(function* () {
      const error = errorOf(yield* lookingUp(...answers).run(SentMessages.get(messageId)))
      assert.deepStrictEqual(
        [error.reason._tag, error.delivery, error.attempts, error.unknownAttempts],
        [tag, "not-sent", attempts, 0],
      )
      assert.notInclude(error.message, "may have been sent")
    }),
  )

  it.effect("is repeated after any failure that passes with time", () =>
    Effect.gen(function* () {
      const { run } = lookingUp(
        "reset",
        refused(429, "BUSINESS_002"),
        refused(503, "INTERNAL_005"),
        found,
      )
      assert.strictEqual(
        Result.getOrThrow(yield* run(SentMessages.get(messageId))).status,
        "DELIVERED",
      )
    }),
  )

  it.effect("needs the id of a message, and takes no idempotency key", () =>
    Effect.gen(function* () {
      const { requests, run } = lookingUp(found)
      const malformed = errorOf(yield* run(SentMessages.get("../templates")))
      assert.include(malformed.message, "id must be the id of a message")
      const keyed = errorOf(
        yield* run(SentMessages.get(messageId, unchecked({ idempotencyKey: "a" }))),
      )
      assert.include(keyed.message, "idempotencyKey is for messages over v3")
      assert.lengthOf(requests, 0)
    }),
  )
})

// -----------------------------------------------------------------------------
// SentClient over v3
// -----------------------------------------------------------------------------

const phoneInput = { phoneNumber: to, templateId, messageBody: { name: "John Doe" } }

const clientOver = (http: Layer.Layer<HttpClient.HttpClient>, options?: SentMessages.Options) =>
  SentMessages.layerSentClient.pipe(Layer.provide(layerOf(http, options)))

describe("SentClient over v3", () => {
  it.effect("sends as v1 does, and its receipt has the id", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(...lost)
      const receipt = yield* SentClient.sendToPhone(phoneInput, { idempotencyKey: "order-1" }).pipe(
        Effect.provide(clientOver(http)),
      )
      assert.deepInclude(receipt, {
        messageId: messageId.replace(/^8/, "1"),
        idempotencyKey: "order-1",
        isReplayed: false,
        attempts: 2,
      })
      assert.deepStrictEqual(JSON.parse(requests[0]?.body ?? ""), {
        to: [to],
        template: { id: templateId, parameters: { name: "John Doe" } },
      })
    }),
  )

  it.effect("refuses a webhookUrl", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      const error = yield* SentClient.sendToPhone({
        ...phoneInput,
        webhookUrl: "https://example.com/",
      }).pipe(Effect.flip, Effect.provide(clientOver(http)))
      assert.include(error.message, "webhookUrl is for v1")
      assert.lengthOf(requests, 0)
    }),
  )

  it.effect("sends a list, each message with a key of its own", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      const summary = yield* BulkSender.run(
        Stream.make(phoneInput, { ...phoneInput, phoneNumber: "+1987654321" }),
      ).pipe(Effect.provide(clientOver(http)))
      assert.strictEqual(summary.accepted, 2)
      assert.strictEqual(new Set(keysOf(requests)).size, 2)
    }),
  )

  it.effect("sends nothing real where the layer is a sandbox", () =>
    Effect.gen(function* () {
      const { http, requests } = answering(accepted)
      yield* SentClient.sendToPhone(phoneInput).pipe(
        Effect.provide(clientOver(http, { sandbox: true })),
      )
      assert.include(requests[0]?.body, '"sandbox":true')
      assert.match(keysOf(requests)[0] ?? "", /^sandbox_/)
    }),
  )
})

const v1 = (given: SentCredentials.CredentialsInput, http = answering({ status: 204 }).http) =>
  SentClient.layer().pipe(Layer.provide(SentCredentials.layer(given)), Layer.provide(http))

describe("v1", () => {
  it.effect("refuses an idempotency key", () =>
    Effect.gen(function* () {
      const { http, requests } = answering({ status: 204 })
      const error = yield* SentClient.sendToPhone(phoneInput, { idempotencyKey: "order-1" }).pipe(
        Effect.flip,
        Effect.provide(v1(credentials, http)),
      )
      assert.include(error.message, "idempotencyKey is for messages over v3")
      assert.lengthOf(requests, 0)
    }),
  )

  it.effect.each<readonly [message: string, given: SentCredentials.CredentialsInput]>([
    ["senderId must be a GUID", { apiKey }],
    ["profileId is for v3", { ...credentials, profileId }],
  ])("is not built with the credentials of v3: %s", ([message, given]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Layer.build(v1(given)))
      assert.strictEqual(error.reason._tag, "InvalidOptions")
      assert.include(error.message, message)
    }),
  )

  it.effect("sends nothing with credentials without a sender id that come later", () =>
    Effect.gen(function* () {
      const { http, requests } = answering({ status: 204 })
      const error = yield* SentClient.sendToPhone(phoneInput).pipe(
        Effect.flip,
        Effect.provide(
          SentClient.layer().pipe(
            Layer.provide(SentCredentials.layerEffect({ load: Effect.succeed({ apiKey }) })),
            Layer.provide(http),
          ),
        ),
      )
      assert.strictEqual(error.reason._tag, "CredentialsUnavailable")
      assert.lengthOf(requests, 0)
    }),
  )
})
