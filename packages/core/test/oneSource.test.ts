/**
 * What core has typed in that the contract says too: the address, names of headers, statuses, texts of refusals. Each is
 * compared with the contract here, so that the contract stays the one source.
 */
import type { Contract } from "@effect-sent/contract"
import {
  DeliveryStatus,
  SentClient,
  SentCredentials,
  SentError,
  SentWebhook,
} from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { at, callback, component, contract, sendToPhone } from "./support/contract.ts"
import { clientLayer } from "@effect-sent/faults/program"
import { assertReason } from "./support/reason.ts"
import { credentials, sample } from "@effect-sent/faults/sample"

const textAt = (value: unknown, ...path: ReadonlyArray<string>): string => {
  const text = at(value, ...path)
  assert.isString(text, path.join("/"))
  return String(text)
}

/** A service that answers with this, and keeps what it was asked in `requests`. */
const answering = (status: number, body: unknown, headers: Readonly<Record<string, string>>) => {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      requests.push(request)
      const text = body === undefined ? null : JSON.stringify(body)
      return HttpClientResponse.fromWeb(request, new Response(text, { status, headers }))
    }),
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

describe("what core sends", () => {
  const service = answering(204, undefined, {})

  it.effect("goes to the contract's server, path and method, with its credentials", () =>
    Effect.gen(function* () {
      const receipt = yield* SentClient.sendToPhone(sample)
      assert.strictEqual(receipt.status, 204)
      const [request] = service.requests
      assert.isDefined(request)
      const { headers, method, url } = request ?? HttpClientRequest.get("")
      const servers = at(contract.document, "servers")
      const [server] = Array.isArray(servers) ? servers : []
      assert.strictEqual(url, textAt(server, "url") + sendToPhone.path)
      assert.strictEqual(method, sendToPhone.method)
      const [needed = []] = sendToPhone.credentials
      assert.deepStrictEqual(
        needed.map(({ name }) => headers[name]),
        [credentials.senderId, credentials.apiKey],
      )
      assert.include(sendToPhone.requestBody?.mediaTypes ?? [], headers["content-type"])
      const accepted = headers["accept"]?.split(", ")
      for (const { mediaTypes, status } of sendToPhone.responses) {
        if (mediaTypes.length > 0) assert.deepStrictEqual(accepted, mediaTypes, String(status))
      }
    }).pipe(
      Effect.provide(
        SentClient.layer().pipe(Layer.provide([SentCredentials.layer(credentials), service.layer])),
      ),
    ),
  )

  it("is, in these tests, the contract's own sample", () => {
    assert.deepStrictEqual(
      sendToPhone.requestBody?.examples.map(({ value }) => value),
      [sample],
    )
  })
})

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

/** The reason of each rejection of the contract whose example is not named after its reason. */
const tags: Readonly<Record<string, SentError.Reason["_tag"]>> = {
  "400 validation-failed-errors-only": "ValidationFailed",
  "400 validation-failed-status-code": "ValidationFailed",
  "400 bad-request": "RequestRejected",
  "400 invalid-channel": "RequestRejected",
  "400 invalid-json": "RequestRejected",
  "401 api-key-not-found": "CredentialsRejected",
  "401 sender-id-not-found": "CredentialsRejected",
  "401 sender-id-invalid": "CredentialsRejected",
  "401 credentials-invalid": "CredentialsRejected",
  "401 empty": "CredentialsRejected",
  "403 forbidden": "AccessDenied",
  "403 empty": "AccessDenied",
  "404 not-found": "EndpointNotFound",
  "413 content-too-large": "RequestRejected",
  "415 unsupported-media-type": "RequestRejected",
  "429 too-many-requests": "RateLimited",
  "429 too-many-requests-one-second": "RateLimited",
  "500 internal-server-error": "ServerFailed",
  "503 service-unavailable": "ServiceOverloaded",
  "503 service-unavailable-retry-after": "ServiceOverloaded",
}

interface Refusal {
  readonly status: number
  readonly name: string
  readonly body: unknown
  readonly headers: Contract.Example["headers"]
}

const refusals: ReadonlyArray<Refusal> = sendToPhone.responses
  .filter(({ status }) => status >= 300)
  .flatMap(({ examples, mayBeEmpty, status }) =>
    examples
      .map(({ headers, name, value: body }): Refusal => ({ status, name, body, headers }))
      .concat(mayBeEmpty ? [{ status, name: "empty", body: undefined, headers: {} }] : []),
  )

const titleOf = ({ name, status }: Refusal): string => `${status} ${name}`

/** The reason of a rejection: that of its title, or else the one that its example is named after. */
const tagOf = (refusal: Refusal): string =>
  tags[titleOf(refusal)] ??
  refusal.name.replaceAll(/(?:^|-)(\w)/g, (_, initial: string) => initial.toUpperCase())

/** What core makes of an answer. */
const errorOf = ({ body, headers, status }: Refusal): Effect.Effect<SentError.SentError> =>
  SentClient.sendToPhone(sample).pipe(
    Effect.flip,
    Effect.provide(clientLayer(answering(status, body, headers).layer, {})),
    Effect.orDie,
  )

const seconds = (header: string | undefined): Duration.Duration | undefined =>
  header === undefined ? undefined : Duration.seconds(Number(header))

/** What must be in the reason of a refusal, by the contract's words, numbers and headers. */
const fieldsOf = (
  tag: SentError.Reason["_tag"],
  refusal: Refusal,
): Readonly<Record<string, unknown>> => {
  const { body, headers, status } = refusal
  const detail = at(body, "detail") ?? at(body, "title")
  switch (tag) {
    case "ValidationFailed":
      return { fieldErrors: at(body, "errors") }
    case "InsufficientBalance": {
      const amounts = String(detail).match(/\d+\.\d+/g) ?? []
      const [balance, estimatedCost] = amounts.map((amount) => {
        const value = BigDecimal.fromStringUnsafe(amount)
        // The message of the error has formatted the amounts, which keeps their normalised form in them.
        BigDecimal.normalize(value)
        return value
      })
      return { balance, estimatedCost }
    }
    case "RateLimited":
      return {
        retryAfter: seconds(headers["Retry-After"]),
        ...rateLimitOf(headers),
      }
    case "ServiceOverloaded":
      return { retryAfter: seconds(headers["Retry-After"]), detail }
    case "CredentialsRejected": {
      const names = sendToPhone.credentials.flat().map(({ name }) => name)
      return { header: names.find((name) => String(detail).includes(name)), detail }
    }
    default: {
      const known = memberOf(tag)?.fields ?? {}
      return {
        ...("status" in known ? { status } : {}),
        ...("detail" in known ? { detail } : {}),
        ...("url" in known ? { url: `https://api.sent.dm${sendToPhone.path}` } : {}),
      }
    }
  }
}

const memberOf = (tag: string) =>
  SentError.Reason.members.find(({ fields }) => fields._tag.schema.literal === tag)

const rateLimitOf = (headers: Contract.Example["headers"]) => {
  const [limit, remaining, reset] = ["Limit", "Remaining", "Reset"]
    .map((name) => headers[`X-RateLimit-${name}`])
    .map((value) => (value === undefined ? undefined : Number(value)))
  return {
    limit,
    remaining,
    resetAt: reset === undefined ? undefined : DateTime.makeUnsafe(reset * 1000),
  }
}

/** The fields that are there. */
const present = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const responseOf = ({ status }: Pick<Refusal, "status">): unknown =>
  at(contract.document, "paths", sendToPhone.path, "post", "responses", String(status))

describe("what core makes of the contract's answers", () => {
  it("is a reason for each of them", () => {
    assert.includeMembers(refusals.map(titleOf), Object.keys(tags))
    for (const refusal of refusals) assert.isDefined(memberOf(tagOf(refusal)), titleOf(refusal))
  })

  // A text that core looks for, and no answer of the contract has, would show here.
  it("is every reason of core that a documented response can have", () => {
    const reasons = SentError.Reason.members.map(({ fields }) => fields._tag.schema.literal)
    const undeclared = [
      "UnexpectedResponse",
      "ConnectionFailed",
      "ConnectionLost",
      "TimedOut",
      "RequestRepeated",
    ]
    const unsent = ["InvalidRequest", "InvalidOptions", "CredentialsUnavailable", "CircuitOpen"]
    const ofV3 = ["MessageNotFound", "KeyConflict"]
    assert.sameMembers(
      [...new Set(refusals.map(tagOf)), ...undeclared, ...unsent, ...ofV3],
      reasons,
    )
  })

  it.effect.each(refusals.map((refusal) => [titleOf(refusal), refusal] as const))(
    "is the right reason of %s, with its data",
    ([, refusal]) =>
      Effect.gen(function* () {
        const { delivery, reason } = yield* errorOf(refusal)
        const _tag = memberOf(tagOf(refusal))?.fields._tag.schema.literal ?? "UnexpectedResponse"
        assertReason(reason, { _tag, ...present(fieldsOf(_tag, refusal)) })
        // In the contract's own words.
        const isRefused =
          textAt(responseOf(refusal), "description").includes("Nothing was sent.") ||
          refusal.headers["Retry-After"] !== undefined
        assert.strictEqual(delivery, isRefused ? "not-sent" : "unknown")
      }),
  )

  it.effect("names the header at fault, of each that the contract asks for", () =>
    Effect.gen(function* () {
      const errors = yield* Effect.forEach(refusals, errorOf)
      assert.sameMembers(
        [...new Set(errors.flatMap(({ reason }) => ("header" in reason ? [reason.header] : [])))],
        sendToPhone.credentials.flat().map(({ name }) => name),
      )
    }),
  )

  const headers = sendToPhone.responses.flatMap(({ status }) =>
    Object.entries(Object(at(responseOf({ status }), "headers"))).map(
      ([header, declared]) => [status, header, String(at(declared, "example"))] as const,
    ),
  )

  it.effect.each(headers)("of %s has what the header %s says, e.g. %s", ([status, header, value]) =>
    Effect.gen(function* () {
      const refusal = { status, name: "", body: undefined }
      const bare = yield* errorOf({ ...refusal, headers: {} })
      const error = yield* errorOf({ ...refusal, headers: { [header]: value } })
      assert.notDeepEqual(Object.entries(error.reason), Object.entries(bare.reason))
    }),
  )
})

// -----------------------------------------------------------------------------
// Updates
// -----------------------------------------------------------------------------

const listAt = (value: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const list = at(value, ...path)
  return Array.isArray(list) ? list : []
}

const descriptionOf = (name: string): string => textAt(component("parameters", name), "description")

const secretOf = (key: string): string => `whsec_${Buffer.from(key).toString("base64")}`

describe("the statuses that core knows", () => {
  // The table of their ranks and outcomes is typed by the same list, so that it has a row for each.
  it("are the contract's", () => {
    assert.sameMembers(
      [...DeliveryStatus.KnownMessageStatus.literals],
      listAt(component("schemas", "MessageStatus", "enum")).map(String),
    )
  })
})

describe("what core verifies an update by", () => {
  const parameters = listAt(callback, "parameters")
  const signed = Object.fromEntries(
    parameters.map((parameter) => [textAt(parameter, "name"), String(at(parameter, "example"))]),
  )
  const body = JSON.stringify(component("examples", "delivered", "value"))

  it.effect("are the headers that the contract's callback has", () =>
    Effect.gen(function* () {
      const headers = yield* SentWebhook.sign(body, { secret: secretOf("a key of the tests") })
      assert.sameMembers(Object.keys(headers), Object.keys(signed))
      for (const name of Object.keys(signed)) {
        const { [name]: _, ...others } = headers
        const error = yield* Effect.flip(
          SentWebhook.verify({ headers: others, body }, { secret: secretOf("a key of the tests") }),
        )
        assert.strictEqual(error.message, `missing header ${name}`)
      }
    }),
  )

  it.effect("takes the contract's example, for as long as the contract says", () =>
    Effect.gen(function* () {
      const [, key = ""] = /with the key `([^`]+)`/.exec(descriptionOf("WebhookSignature")) ?? []
      const [, tolerance] = /(\d+) seconds either way/.exec(descriptionOf("WebhookTimestamp")) ?? []
      const signedAt = Number(at(component("parameters", "WebhookTimestamp"), "example"))
      const verified = SentWebhook.verify({ headers: signed, body }, { secret: secretOf(key) })
      for (const offset of [-Number(tolerance), 0, Number(tolerance)]) {
        yield* TestClock.setTime((signedAt + offset) * 1000)
        assert.strictEqual((yield* verified)._tag, "MessageStatus")
      }
      for (const offset of [-Number(tolerance) - 1, Number(tolerance) + 1]) {
        yield* TestClock.setTime((signedAt + offset) * 1000)
        const { reason } = yield* Effect.flip(verified)
        assert.strictEqual(reason._tag, "TimestampOutOfTolerance")
      }
    }),
  )
})
