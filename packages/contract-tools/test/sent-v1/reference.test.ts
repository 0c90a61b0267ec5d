import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "vitest"
import { contract, deliveryStatus, sendToPhone } from "./support/contract.ts"
import { resolve } from "../../src/internal/document/json.ts"
import { at, isObject, listAt, objectAt, textOf } from "../../src/internal/document/json.ts"
import { withValueAt, without } from "./support/edit.ts"
import type { Json, JsonObject } from "../../src/internal/document/json.ts"

const errorMediaTypes = ["application/problem+json", "application/json"] as const

// Written out a second time on purpose: what the documentation of the service says, as far as it is
// known, against what the contract says. Nothing here is read from the contract.

interface Answer {
  readonly status: number
  readonly example: string
  readonly body: JsonObject
  readonly headers?: Readonly<Record<string, string>>
}

const requiredFields = {
  phoneNumber: ["Phone number is required"],
  templateId: ["TemplateId is required"],
}

const badRequest = (detail: string) => ({ status: 400, title: "Bad Request", detail })
const unauthorized = (detail: string) => ({ status: 401, title: "Unauthorized", detail })

const answers: ReadonlyArray<Answer> = [
  {
    status: 400,
    example: "validation-failed",
    body: {
      type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
      title: "One or more validation errors occurred",
      status: 400,
      errors: requiredFields,
    },
  },
  { status: 400, example: "validation-failed-errors-only", body: { errors: requiredFields } },
  {
    status: 400,
    example: "validation-failed-status-code",
    body: {
      statusCode: 400,
      message: "One or more errors occurred!",
      errors: { phoneNumber: ["Phone number is required"] },
    },
  },
  { status: 400, example: "bad-request", body: badRequest("The request cannot be processed") },
  { status: 400, example: "invalid-phone-number", body: badRequest("Invalid phone number") },
  { status: 400, example: "template-not-found", body: badRequest("Template not found") },
  {
    status: 400,
    example: "insufficient-balance",
    body: badRequest("Insufficient balance. Current balance: 0.0050, estimated cost: 0.0200"),
  },
  {
    status: 400,
    example: "invalid-channel",
    body: badRequest("Invalid channel: email. Supported channels are: sms, whatsapp"),
  },
  { status: 400, example: "invalid-json", body: badRequest("The request body is not valid JSON") },
  { status: 401, example: "api-key-not-found", body: unauthorized("Header x-api-key not found") },
  {
    status: 401,
    example: "sender-id-not-found",
    body: unauthorized("Header x-sender-id not found"),
  },
  { status: 401, example: "sender-id-invalid", body: unauthorized("Invalid x-sender-id") },
  { status: 401, example: "credentials-invalid", body: unauthorized("Invalid API credentials!") },
  { status: 403, example: "forbidden", body: { status: 403, title: "Forbidden" } },
  { status: 404, example: "not-found", body: { status: 404, title: "Not Found" } },
  {
    status: 413,
    example: "content-too-large",
    body: { status: 413, title: "Content Too Large", detail: "The request body is too large" },
  },
  {
    status: 415,
    example: "unsupported-media-type",
    body: {
      status: 415,
      title: "Unsupported Media Type",
      detail: "The request body must be application/json",
    },
  },
  {
    status: 429,
    example: "too-many-requests",
    body: {
      status: 429,
      title: "Too Many Requests",
      detail: "Rate limit exceeded. Please retry after 60 seconds.",
    },
    headers: {
      "Retry-After": "60",
      "X-RateLimit-Limit": "100",
      "X-RateLimit-Remaining": "0",
      "X-RateLimit-Reset": "1761905502",
    },
  },
  {
    status: 429,
    example: "too-many-requests-one-second",
    body: {
      status: 429,
      title: "Too Many Requests",
      detail: "Rate limit exceeded. Please retry after 1 seconds.",
    },
    headers: { "Retry-After": "1" },
  },
  {
    status: 500,
    example: "internal-server-error",
    body: { status: 500, title: "Internal Server Error" },
  },
  {
    status: 503,
    example: "service-unavailable",
    body: { status: 503, title: "Service Unavailable" },
  },
  {
    status: 503,
    example: "service-unavailable-retry-after",
    body: { status: 503, title: "Service Unavailable" },
    headers: { "Retry-After": "30" },
  },
]

const response = (document: JsonObject, status: number): Json | undefined =>
  resolve(document, objectAt(at(document, sendToPhone), "responses")[String(status)])

/** Where the document does not show an answer, under which media type. */
function* missingAnswers(document: JsonObject, expected: ReadonlyArray<Answer>): Iterable<string> {
  for (const { status, example, body, headers = {} } of expected) {
    const content = objectAt(response(document, status), "content")
    for (const type of errorMediaTypes) {
      const shown = resolve(document, objectAt(content[type], "examples")[example])
      const isSame =
        isObject(shown) &&
        isDeepStrictEqual(shown["value"], body) &&
        isDeepStrictEqual(objectAt(shown, "x-sent-headers"), headers)
      if (!isSame) yield `${status} ${example} ${type}`
    }
  }
}

describe("The contract shows every answer that is known of the service", () => {
  it.for(answers)("$status $example, under both media types", (answer) => {
    expect([...missingAnswers(contract, [answer])]).toEqual([])
  })

  it("and none besides", () => {
    const shown = Object.entries(objectAt(at(contract, sendToPhone), "responses")).flatMap(
      ([status, entry]) => {
        const content = objectAt(resolve(contract, entry), "content")
        const names = Object.keys(objectAt(content["application/json"], "examples"))
        return names.map((name) => `${status} ${name}`)
      },
    )
    expect(shown).toEqual(answers.map(({ status, example }) => `${status} ${example}`))
  })

  it.for<readonly [string, JsonObject, string]>([
    [
      "a detail in other words",
      withValueAt(
        contract,
        "#/components/examples/invalid-phone-number/value/detail",
        "The phone number is invalid",
      ),
      "400 invalid-phone-number application/json",
    ],
    [
      "a title that is gone",
      without(contract, "#/components/examples/forbidden/value/title"),
      "403 forbidden application/problem+json",
    ],
    [
      "an example that is gone",
      without(
        contract,
        "#/components/responses/BadRequest/content/application~1problem+json/examples/invalid-channel",
      ),
      "400 invalid-channel application/problem+json",
    ],
    [
      "a response that is gone",
      without(contract, `${sendToPhone}/responses/503`),
      "503 service-unavailable application/json",
    ],
    [
      "a header of another value",
      withValueAt(
        contract,
        "#/components/examples/service-unavailable-retry-after/x-sent-headers/Retry-After",
        "60",
      ),
      "503 service-unavailable-retry-after application/json",
    ],
    [
      "a header too many",
      withValueAt(contract, "#/components/examples/service-unavailable/x-sent-headers", {
        "Retry-After": "30",
      }),
      "503 service-unavailable application/problem+json",
    ],
  ])("and it is noticed when broken by: %s", ([, document, answer]) => {
    expect([...missingAnswers(document, answers)]).toContain(answer)
  })
})

describe("The contract says of each status what is known of it", () => {
  it("204 and nine refusals are declared", () => {
    const statuses = Object.keys(objectAt(at(contract, sendToPhone), "responses"))
    expect(statuses).toEqual(
      [204, 400, 401, 403, 404, 413, 415, 429, 500, 503].map((status) => String(status)),
    )
  })

  it("204 has neither body nor headers", () => {
    expect(Object.keys(objectAt(objectAt(at(contract, sendToPhone), "responses"), "204"))).toEqual([
      "description",
    ])
  })

  it.for([
    [400, false],
    [401, true],
    [403, true],
    [404, false],
    [413, false],
    [415, false],
    [429, false],
    [500, false],
    [503, false],
  ] as const)("%s may come without a body: %s", ([status, maybeEmpty]) => {
    const declared = response(contract, status)
    expect(isObject(declared) && declared["x-sent-empty-body"] === true).toBe(maybeEmpty)
  })

  it.for([
    [429, "Retry-After", true],
    [429, "X-RateLimit-Limit", false],
    [429, "X-RateLimit-Remaining", false],
    [429, "X-RateLimit-Reset", false],
    [503, "Retry-After", false],
  ] as const)("%s carries %s as a whole number, required: %s", ([status, name, isRequired]) => {
    const header = resolve(contract, objectAt(response(contract, status), "headers")[name])
    expect(isObject(header) && header["required"] === true).toBe(isRequired)
    expect(objectAt(header, "schema")).toMatchObject({ type: "integer", minimum: 0 })
  })
})

describe("The contract says of the call what is known of it", () => {
  it("is OpenAPI 3.1 and names the dialect that its patterns and formats are enforced in", () => {
    expect(contract["openapi"]).toMatch(/^3\.1\./)
    expect(contract["jsonSchemaDialect"]).toBe("https://json-schema.org/draft/2020-12/schema")
  })

  it("has one operation, sendToPhone, a POST to the service's own host", () => {
    expect(Object.keys(objectAt(contract, "paths"))).toEqual(["/v1/messages/phone"])
    expect(Object.keys(objectAt(objectAt(contract, "paths"), "/v1/messages/phone"))).toEqual([
      "post",
    ])
    expect(at(contract, `${sendToPhone}/operationId`)).toBe("sendToPhone")
    expect(listAt(contract, "servers").map((server) => at(server, "#/url"))).toEqual([
      "https://api.sent.dm",
    ])
  })

  it("shows the sample of the reference page", () => {
    const media = at(contract, `${sendToPhone}/requestBody/content`)
    expect(Object.keys(isObject(media) ? media : {})).toEqual(["application/json"])
    const sample = objectAt(objectAt(media, "application/json"), "examples")["page-sample"]
    expect(resolve(contract, sample)).toMatchObject({
      value: {
        phoneNumber: "+1234567890",
        templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
        messageBody: { name: "John Doe", order_id: "12345" },
        webhookUrl: "https://example.com/webhook/message-status",
      },
    })
  })

  it("has a body that must be there", () => {
    expect(at(contract, `${sendToPhone}/requestBody/required`)).toBe(true)
  })

  it.for([
    ["phoneNumber", "Phone number is required"],
    ["templateId", "TemplateId is required"],
  ] as const)("requires %s, and says so in the service's words", ([field, message]) => {
    const schema = at(contract, "#/components/schemas/SendToPhoneRequest")
    expect(listAt(schema, "required")).toContain(field)
    expect(objectAt(objectAt(schema, "properties"), field)["x-sent-required-message"]).toBe(message)
  })

  it.for([
    ["senderId", "7ba7b820-9dad-11d1-80b4-00c04fd430c8", true],
    ["senderId", "7BA7B820-9DAD-11D1-80B4-00C04FD430C8", true],
    ["senderId", "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8", false],
    ["senderId", "{7ba7b820-9dad-11d1-80b4-00c04fd430c8}", false],
    ["senderId", "7ba7b8209dad11d180b400c04fd430c8", false],
    ["senderId", "string", false],
    ["senderId", "", false],
    ["apiKey", "string", true],
    ["apiKey", "!~", true],
    ["apiKey", "two words", false],
    ["apiKey", "clé", false],
    ["apiKey", "key\n", false],
    ["apiKey", "", false],
  ] as const)("a %s of %j fits: %s", ([scheme, value, fits]) => {
    const pattern = at(contract, `#/components/securitySchemes/${scheme}/x-sent-pattern`)
    expect(new RegExp(textOf(pattern), "u").test(value)).toBe(fits)
  })
})

describe("The contract says of delivery status updates what is known of them", () => {
  it("are posted to the webhookUrl of the request", () => {
    expect(at(contract, `${sendToPhone}/callbacks/deliveryStatus/$ref`)).toBe(
      "#/components/callbacks/DeliveryStatus",
    )
    expect(at(contract, deliveryStatus)).toBeDefined()
  })

  it("ask the receiver for no credentials of the sender", () => {
    expect(at(contract, `${deliveryStatus}/security`)).toEqual([])
  })

  it("have a body that must be there, as JSON", () => {
    expect(at(contract, `${deliveryStatus}/requestBody/required`)).toBe(true)
    expect(Object.keys(objectAt(at(contract, `${deliveryStatus}/requestBody`), "content"))).toEqual(
      ["application/json"],
    )
  })

  it("are answered with 2XX by a receiver who has them, and with anything else if not", () => {
    expect(Object.keys(objectAt(at(contract, deliveryStatus), "responses"))).toEqual([
      "2XX",
      "4XX",
      "default",
    ])
  })

  it("carry three headers, none of which is certain to be there", () => {
    const parameters = listAt(at(contract, deliveryStatus), "parameters").map((entry) =>
      resolve(contract, entry),
    )
    expect(parameters.map((parameter) => [at(parameter, "#/name"), at(parameter, "#/in")])).toEqual(
      [
        ["x-webhook-signature", "header"],
        ["x-webhook-id", "header"],
        ["x-webhook-timestamp", "header"],
      ],
    )
    expect(parameters.filter((parameter) => isObject(parameter) && parameter["required"])).toEqual(
      [],
    )
  })

  it.for([
    "QUEUED",
    "ROUTED",
    "SENT",
    "DELIVERED",
    "READ",
    "FAILED",
    "FILTERED",
    "BLOCKED",
    "SCHEDULED",
    "RECEIVED",
  ])("%s is a status with an example", (status) => {
    expect(listAt(at(contract, "#/components/schemas/MessageStatus"), "enum")).toContain(status)
    expect(
      at(contract, `#/components/examples/${status.toLowerCase()}/value/payload/message_status`),
    ).toBe(status)
  })

  it("shows the provider's own sample", () => {
    expect(at(contract, "#/components/examples/delivered/value")).toEqual({
      field: "message",
      sub_type: "message.delivered",
      timestamp: "2025-10-31T10:10:42Z",
      payload: {
        account_id: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
        message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8",
        message_status: "DELIVERED",
        channel: "sms",
        inbound_number: "+1234567890",
        outbound_number: "+1987654321",
        template_id: "9ba7b840-9dad-11d1-80b4-00c04fd430c8",
      },
    })
  })
})
