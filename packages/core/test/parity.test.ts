/**
 * Core and the contract say the same of what is sent: by their schemas, keyword by keyword, and by their verdicts on many
 * bodies. The contract speaks through Prism, which shares no code with core.
 */
import { SendToPhone, SentClient, SentCredentials } from "@effect-sent/core"
import type { ContractValidator } from "@effect-sent/contract"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Result, Schema } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { isDeepStrictEqual } from "node:util"
import { agree, patience } from "./support/agree.ts"
import {
  changedRequests,
  either,
  requestsOfContract,
  requestsOfCore,
  samplesWithLookalikes,
} from "./support/bodies.ts"
import { plainRequest as readPlain } from "../src/internal/send/input.ts"
import { at, component, requests, sendToPhone } from "./support/contract.ts"
import { differences, jsonSchemaOf } from "./support/jsonSchema.ts"
import { clientLayer } from "@effect-sent/faults/program"
import { credentials, sample } from "@effect-sent/faults/sample"

// -----------------------------------------------------------------------------
// Keyword by keyword
// -----------------------------------------------------------------------------

describe("the JSON Schema of core is the contract's", () => {
  it("of a request", () => {
    // What core does not know, it refuses to send.
    const core = jsonSchemaOf(SendToPhone.SendToPhoneRequest, "error")
    assert.deepStrictEqual(differences(core, sendToPhone.requestBody?.schema), [])
  })

  it.each([
    ["senderId", SentCredentials.SenderId],
    ["apiKey", SentCredentials.ApiKey],
  ])("of the credential %s", (name, schema) => {
    const pattern = at(component("securitySchemes", name), "x-sent-pattern")
    assert.deepStrictEqual(differences(jsonSchemaOf(schema), { type: "string", pattern }), [])
  })
})

// -----------------------------------------------------------------------------
// Verdict by verdict
// -----------------------------------------------------------------------------

const encoder = new TextEncoder()

const decoder = new TextDecoder()

/** What core put on the wire last. */
let sent: HttpClientRequest.HttpClientRequest | undefined

const accepting = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.sync(() => {
      sent = request
      return HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))
    }),
  ),
)

/** What core sends of a body; undefined when it refuses to. */
const sentByCore = (body: unknown) =>
  Effect.suspend(() => {
    sent = undefined
    return SentClient.sendToPhone(
      // Anything may be in it.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      body as SendToPhone.Input,
    )
  }).pipe(
    Effect.map(() => sent),
    Effect.catchReason("SentError", "InvalidRequest", () => Effect.undefined),
    Effect.orDie,
  )

const wireOf = ({
  body,
  headers,
  method,
  url,
}: HttpClientRequest.HttpClientRequest): ContractValidator.WireRequest => ({
  method,
  target: new URL(url).pathname,
  headers,
  body: body._tag === "Uint8Array" ? body.body : new Uint8Array(),
})

/** The request that a caller without core would send. */
const plainRequest = (text: string): ContractValidator.WireRequest => ({
  method: sendToPhone.method,
  target: sendToPhone.path,
  headers: {
    "x-sender-id": credentials.senderId,
    "x-api-key": credentials.apiKey,
    "content-type": "application/json",
  },
  body: encoder.encode(text),
})

/** The contract's verdict is on all that core sends, and on the plain body where core sends nothing. */
const verdictsOn = Effect.fnUntraced(function* (generated: unknown) {
  const text = JSON.stringify(generated)
  const body: unknown = JSON.parse(text)
  const request = yield* sentByCore(body)
  const wire = request === undefined ? plainRequest(text) : wireOf(request)
  if (!isDeepStrictEqual(JSON.parse(decoder.decode(wire.body)), body)) {
    return yield* Effect.fail("core sends another body")
  }
  const operation = requests.find(wire.method, wire.target)
  if (operation === undefined) return yield* Effect.fail("core sends it to where nothing is")
  const violations = yield* requests.request(operation, wire)
  return { core: request !== undefined, contract: violations.length === 0 }
})

layer(clientLayer(accepting, {}))("core and the contract agree", (withClient) => {
  withClient.effect("on the page's sample, and on what looks like it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* verdictsOn(sample), { core: true, contract: true })
      for (const body of samplesWithLookalikes) {
        const { contract, core } = yield* verdictsOn(body)
        assert.strictEqual(core, contract, `core, then the contract, of ${JSON.stringify(body)}`)
      }
    }),
  )

  withClient.effect(
    "on 20,000 requests, made from either's schema or with one thing changed",
    () => agree(either<unknown>([requestsOfCore, requestsOfContract, changedRequests]), verdictsOn),
    patience,
  )
})

// -----------------------------------------------------------------------------
// The quick check of what is plainly valid
// -----------------------------------------------------------------------------

describe("core reads a plainly valid request without its schema", () => {
  const decode = Schema.decodeUnknownResult(SendToPhone.SendToPhoneRequest, {
    onExcessProperty: "error",
  })

  it.effect(
    "only if the schema accepts it, and as the schema reads it: 20,000 requests",
    () =>
      agree(either<unknown>([requestsOfCore, requestsOfContract, changedRequests]), (body) => {
        const plain = readPlain(body)
        const decoded = Result.getOrUndefined(decode(body))
        return plain === undefined || isDeepStrictEqual({ ...plain }, { ...decoded })
          ? Effect.succeed({
              core: (plain ?? decoded) !== undefined,
              contract: decoded !== undefined,
            })
          : Effect.fail("the quick check reads another request")
      }),
    patience,
  )

  it.each<readonly [what: string, input: () => unknown]>([
    ["an array", () => [sample]],
    ["an object with a prototype", () => Object.create(sample)],
    ["an unknown field", () => ({ ...sample, other: "1" })],
    ["a field of Object.prototype", () => ({ ...sample, toString: "1" })],
    ["a template value that is a number", () => ({ ...sample, messageBody: { name: 1 } })],
    ["a lone surrogate", () => ({ ...sample, messageBody: { name: "\ud800" } })],
    [
      "a variable named __proto__",
      () => ({ ...sample, messageBody: JSON.parse(`{ "__proto__": "1" }`) }),
    ],
    ["no template", () => ({ phoneNumber: sample.phoneNumber })],
    ["a line break at the end", () => ({ ...sample, phoneNumber: `${sample.phoneNumber}\n` })],
  ])("and leaves the rest to the schema: %s", (_, input) => {
    assert.isUndefined(readPlain(input()))
  })

  it("reads each value once, and is not changed with the input", () => {
    const messageBody = { ...sample.messageBody }
    const input = { ...sample, messageBody }
    const request = readPlain(input)
    messageBody.name = "another"
    input.phoneNumber = "+19999999999"
    assert.deepStrictEqual<unknown>({ ...request }, sample)
  })
})
