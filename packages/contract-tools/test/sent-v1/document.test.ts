import { describe, expect, it } from "vitest"
import * as ownChecks from "./support/ownChecks.ts"
import { contract, deliveryStatus, sendToPhone } from "./support/contract.ts"
import { at } from "../../src/internal/document/json.ts"
import type { Json, JsonObject } from "../../src/internal/document/json.ts"
import { ownRules, ruleSetOf } from "../../src/internal/lint/rules.ts"
import { withValueAt, without } from "./support/edit.ts"
import { lintDocument, type Problem } from "./support/lintDocument.ts"

type Check = (document: JsonObject) => Promise<ReadonlyArray<Problem>>

/** A rule of lint by its name, or one of this contract alone. */
const checks: ReadonlyMap<string, Check> = new Map([
  ...Object.keys(ownRules).map((name): [string, Check] => [
    name,
    (document) => lintDocument(document, ruleSetOf(new Map([[name, "error"]]))),
  ]),
  ...Object.entries(ownChecks).map(([name, check]): [string, Check] => [
    name,
    (document) => Promise.resolve([...check(document)]),
  ]),
])

const schemas = "#/components/schemas"
const request = `${schemas}/SendToPhoneRequest`
const responses = "#/components/responses"
const examples = "#/components/examples"
const headersOf429 = `${examples}/too-many-requests/x-sent-headers`

const scenarios = `${sendToPhone}/x-sent-scenarios`

const scenario = (members: JsonObject): JsonObject => ({
  summary: "Accepted.",
  answers: [{ status: 204 }],
  ...members,
})

const put = (pointer: string, value: Json): JsonObject => withValueAt(contract, pointer, value)
const drop = (pointer: string): JsonObject => without(contract, pointer)

interface Case {
  /** What the contract does, as a sentence about it. */
  readonly sentence: string
  readonly check: string
  /** What can go wrong, a document in which it did, and words of what the check says of it. */
  readonly broken: Readonly<Record<string, readonly [document: JsonObject, words: string]>>
}

const cases: ReadonlyArray<Case> = [
  {
    sentence: "has patterns that compile with the u flag",
    check: "patterns-that-do-not-compile",
    broken: {
      "a hyphen escaped outside a class": [
        put(`${request}/properties/templateId/pattern`, String.raw`^[0-9a-f]{8}\-[0-9a-f]{4}$`),
        "templateId: the pattern does not compile",
      ],
      "an unclosed class in a callback's header": [
        put("#/components/parameters/WebhookId/schema/pattern", "^[a-z$"),
        "WebhookId/schema: the pattern does not compile",
      ],
      "a bad pattern of a security scheme": [
        put("#/components/securitySchemes/senderId/x-sent-pattern", "("),
        "senderId: the pattern does not compile",
      ],
      "a bad pattern of property names": [
        put(`${request}/properties/messageBody/patternProperties`, {
          [String.raw`\-`]: { type: "string" },
        }),
        "messageBody: the pattern does not compile",
      ],
    },
  },
  {
    sentence: "names only formats that the validator knows",
    check: "unknown-formats",
    broken: {
      "another word for a GUID": [
        put(`${request}/properties/templateId/format`, "guid"),
        "templateId: unknown format guid",
      ],
      "a misspelt format": [
        put(`${schemas}/Problem/properties/type/format`, "urI"),
        "type: unknown format urI",
      ],
      "a format by the name of what every object has": [
        put(`${schemas}/UpdateTimestamp/format`, "toString"),
        "UpdateTimestamp: unknown format toString",
      ],
    },
  },
  {
    sentence: "gives every GUID a pattern beside its format",
    check: "guids-without-pattern",
    broken: {
      "a template id by format alone": [
        drop(`${request}/properties/templateId/pattern`),
        "templateId: a GUID needs a pattern",
      ],
      "a message id by format alone": [
        drop(`${schemas}/MessageStatusPayload/properties/message_id/pattern`),
        "message_id: a GUID needs a pattern",
      ],
    },
  },
  {
    sentence: "shows only examples that their schemas accept",
    check: "nonconforming-examples",
    broken: {
      "a request with a number for a phone number": [
        put(`${examples}/page-sample/value/phoneNumber`, 1234567890),
        "page-sample: /phoneNumber must be string",
      ],
      "a request with a field that nobody knows": [
        put(`${examples}/page-sample/value/customer`, "1"),
        "page-sample: the value must NOT have additional properties",
      ],
      "a 429 that says 403": [
        put(`${examples}/too-many-requests/value/status`, 403),
        "too-many-requests: /status must be equal to constant",
      ],
      "field errors that are not lists": [
        put(`${examples}/validation-failed/value/errors`, {
          phoneNumber: "Phone number is required",
        }),
        "validation-failed: /errors/phoneNumber must be array",
      ],
      "a 400 of none of the three shapes": [
        put(`${examples}/bad-request/value`, { error: "no" }),
        "bad-request: the value must match a schema in anyOf",
      ],
      "an update with an unknown status": [
        put(`${examples}/failed/value/payload/message_status`, "LOST"),
        "failed: /payload/message_status must be equal to one of the allowed values",
      ],
      "an update without its time": [
        drop(`${examples}/queued/value/timestamp`),
        "queued: the value must have required property 'timestamp'",
      ],
      "an update of an impossible time": [
        put(`${examples}/queued/value/timestamp`, "2025-13-31T10:10:42Z"),
        'queued: /timestamp must match format "date-time"',
      ],
      "an update whose GUID is a URN": [
        put(
          `${examples}/sent/value/payload/account_id`,
          "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8",
        ),
        "sent: /payload/account_id must match pattern",
      ],
      "a signature of the wrong length": [
        put("#/components/parameters/WebhookSignature/example", "v1,abc="),
        "WebhookSignature/example: the value must match pattern",
      ],
      "a response header that is not a number": [
        put("#/components/headers/RateLimitReset/example", "soon"),
        "RateLimitReset/example: the value must be integer",
      ],
      "a default of another form": [
        put(`${request}/properties/phoneNumber/default`, "1234567890"),
        "phoneNumber/default: the value must match pattern",
      ],
      "an example in a schema of another form": [
        put(`${request}/properties/phoneNumber/examples`, ["+1234567890", "1234567890"]),
        "phoneNumber/examples/1: the value must match pattern",
      ],
      "an example without a value": [
        drop(`${examples}/forbidden/value`),
        "forbidden: the value must be object",
      ],
      "a reference to no example": [
        drop(`${examples}/forbidden`),
        "forbidden: the value must be object",
      ],
      "a type that there is not": [
        put(`${schemas}/Problem/properties/title/type`, "text"),
        "the schema does not compile",
      ],
      "a misspelt keyword": [
        put(`${request}/properties/webhookUrl/maxlength`, 2048),
        'unknown keyword: "maxlength"',
      ],
    },
  },
  {
    sentence: "shows every body and every header",
    check: "missing-examples",
    broken: {
      "a request without an example": [
        drop(`${sendToPhone}/requestBody/content/application~1json/examples`),
        "requestBody/content/application~1json: no example",
      ],
      "a response header without one": [
        drop("#/components/headers/RetryAfter/example"),
        "RetryAfter: no example",
      ],
      "a callback's header without one": [
        drop("#/components/parameters/WebhookTimestamp/example"),
        "WebhookTimestamp: no example",
      ],
    },
  },
  {
    sentence: "shows every error under both media types alike",
    check: "uneven-error-examples",
    broken: {
      "one example of one media type gone": [
        drop(`${responses}/Unauthorized/content/application~1json/examples/sender-id-invalid`),
        "401: the media types differ",
      ],
      "all examples of one media type gone": [
        drop(`${responses}/Forbidden/content/application~1problem+json/examples`),
        "403: no named example under application/problem+json",
      ],
      "one media type gone": [
        drop(`${responses}/InternalServerError/content/application~1json`),
        "500: no named example under application/json",
      ],
      "both media types gone": [
        drop(`${responses}/ServiceUnavailable/content`),
        "503: no named example under application/json",
      ],
      "another order, and so another first example": [
        put(`${responses}/ServiceUnavailable/content/application~1json/examples`, {
          "service-unavailable-retry-after": {
            $ref: `${examples}/service-unavailable-retry-after`,
          },
          "service-unavailable": { $ref: `${examples}/service-unavailable` },
        }),
        "503: the media types differ",
      ],
      "an error status without any body": [
        put(`${sendToPhone}/responses/502`, { description: "A proxy did not reach the service." }),
        "502: no named example under application/problem+json",
      ],
    },
  },
  {
    sentence: "sends with an example only declared headers, fit and complete",
    check: "unfit-example-headers",
    broken: {
      "a header that the response does not declare": [
        put(`${examples}/service-unavailable-retry-after/x-sent-headers/X-RateLimit-Limit`, "100"),
        "service-unavailable-retry-after: the header X-RateLimit-Limit is not declared",
      ],
      "a header by the name of what every object has": [
        put(`${headersOf429}/constructor`, "1"),
        "too-many-requests: the header constructor is not declared",
      ],
      "a date where seconds are declared": [
        put(`${headersOf429}/Retry-After`, "Fri, 31 Oct 2025 10:11:42 GMT"),
        "Retry-After the value must be integer",
      ],
      "a negative number": [
        put(`${headersOf429}/X-RateLimit-Remaining`, "-1"),
        "X-RateLimit-Remaining the value must be >= 0",
      ],
      "a number in another notation": [
        put(`${headersOf429}/X-RateLimit-Limit`, "1e2"),
        "X-RateLimit-Limit the value must be integer",
      ],
      "a header declared in place that does not fit": [
        put(`${responses}/TooManyRequests/headers/Retry-After`, {
          description: "How long to wait.",
          schema: { description: "Minutes.", type: "integer", maximum: 59 },
        }),
        "Retry-After the value must be <= 59",
      ],
      "a required header gone": [
        drop(`${headersOf429}/Retry-After`),
        "too-many-requests: the required header Retry-After is missing",
      ],
      "all headers gone": [
        drop(headersOf429),
        "too-many-requests: the required header Retry-After is missing",
      ],
      "a header newly required": [
        put("#/components/headers/OptionalRetryAfter/required", true),
        "service-unavailable: the required header Retry-After is missing",
      ],
    },
  },
  {
    sentence: "uses its own extensions only as the README describes them",
    check: "misused-extensions",
    broken: {
      "a misspelt extension": [
        put(`${examples}/too-many-requests/x-sent-header`, { "Retry-After": "60" }),
        "x-sent-header: x-sent-header is not an extension of this object",
      ],
      "an extension in a place that is not its own": [
        put(`${request}/x-sent-empty-body`, true),
        "x-sent-empty-body: x-sent-empty-body is not an extension of this object",
      ],
      "a number for a header": [
        put(`${headersOf429}/Retry-After`, 60),
        "x-sent-headers: not a value that x-sent-headers accepts",
      ],
      "an empty body that is denied": [
        put(`${responses}/Forbidden/x-sent-empty-body`, false),
        "x-sent-empty-body: not a value that x-sent-empty-body accepts",
      ],
      "a pattern that is not a string": [
        put("#/components/securitySchemes/apiKey/x-sent-pattern", 1),
        "x-sent-pattern: not a value that x-sent-pattern accepts",
      ],
      "a message that is empty": [
        put(`${request}/properties/phoneNumber/x-sent-required-message`, ""),
        "x-sent-required-message: not a value that x-sent-required-message accepts",
      ],
      "a message for a field that may be absent": [
        put(`${request}/properties/webhookUrl/x-sent-required-message`, "WebhookUrl is required"),
        "webhookUrl has x-sent-required-message but is not required",
      ],
      "scenarios that are a list": [
        put(scenarios, []),
        "x-sent-scenarios: not a value that x-sent-scenarios accepts",
      ],
      "headers on an example that is not a response": [
        put(`${examples}/page-sample/x-sent-headers`, { "Retry-After": "60" }),
        "page-sample: has x-sent-headers but is not an example of a response",
      ],
    },
  },
  {
    sentence: "has a message for the absence of every required field",
    check: "missing-required-messages",
    broken: {
      "one message gone": [
        drop(`${request}/properties/templateId/x-sent-required-message`),
        "templateId: no x-sent-required-message",
      ],
      "one more required field": [
        put(`${request}/required`, ["phoneNumber", "templateId", "messageBody"]),
        "messageBody: no x-sent-required-message",
      ],
    },
  },
  {
    sentence: "describes everything that it declares",
    check: "missing-descriptions",
    broken: {
      "a property": [
        drop(`${request}/properties/messageBody/description`),
        "messageBody: no description",
      ],
      "a schema within a schema": [
        drop(`${schemas}/FieldErrors/additionalProperties/description`),
        "additionalProperties: no description",
      ],
      "a schema of a header": [
        drop("#/components/headers/RetryAfter/schema/description"),
        "RetryAfter/schema: no description",
      ],
      "a header": [
        drop("#/components/headers/RetryAfter/description"),
        "RetryAfter: no description",
      ],
      "a parameter": [
        drop("#/components/parameters/WebhookId/description"),
        "WebhookId: no description",
      ],
      "a response": [put(`${sendToPhone}/responses/204/description`, " "), "204: no description"],
      "a callback": [drop(`${deliveryStatus}/description`), "post: no description"],
      "a callback's answer": [
        drop(`${deliveryStatus}/responses/default/description`),
        "default: no description",
      ],
      "a request body": [
        drop(`${sendToPhone}/requestBody/description`),
        "requestBody: no description",
      ],
      "a security scheme": [
        drop("#/components/securitySchemes/apiKey/description"),
        "apiKey: no description",
      ],
      "an example": [drop(`${examples}/forbidden/summary`), "forbidden: no summary"],
      "the server": [drop("#/servers/0/description"), "#/servers/0: no description"],
    },
  },
  {
    sentence: "calls an example by one plain name wherever it stands",
    check: "awkward-example-names",
    broken: {
      "a capital in a name": [
        put(`${examples}/notFound`, { summary: "Missing", value: {} }),
        "notFound: not in kebab-case",
      ],
      "the name that asks a mock for an empty body": [
        put(`${examples}/empty`, { summary: "Empty", value: {} }),
        "empty: reserved: `example=empty` asks a mock for an empty body",
      ],
      "another example under the name": [
        put(
          `${responses}/NotFound/content/application~1json/examples/not-found/$ref`,
          `${examples}/forbidden`,
        ),
        "not-found: not the shared example of that name",
      ],
      "an example written out in place": [
        put(`${responses}/NotFound/content/application~1json/examples/not-found`, {
          summary: "Missing",
          value: { status: 404, title: "Not Found" },
        }),
        "not-found: not the shared example of that name",
      ],
    },
  },
  {
    sentence: "plays in each scenario only what it has",
    check: "unfit-scenarios",
    broken: {
      "a name with a capital": [
        put(`${scenarios}/notFound`, scenario({ phoneNumber: "+15005559999" })),
        "notFound: not in kebab-case",
      ],
      "a number that could be a person's": [
        put(`${scenarios}/read/phoneNumber`, "+14155552671"),
        "read: +14155552671 is not of the fictitious range",
      ],
      "a number twice": [
        put(`${scenarios}/read/phoneNumber`, "+15005552040"),
        "read: has the phone number of delivered",
      ],
      "no number": [
        drop(`${scenarios}/read/phoneNumber`),
        "read: must have either phoneNumber or messageId",
      ],
      "a number that no request may have": [
        put(`${request}/properties/phoneNumber/maxLength`, 9),
        "delivered: the value must NOT have more than 9 characters",
      ],
      "no answer": [put(`${scenarios}/read/answers`, []), "read/answers/0: is missing"],
      "an answer that is not declared": [
        put(`${scenarios}/read/answers`, [{ status: 202 }]),
        "read: the operation declares no response 202",
      ],
      "an example that there is not": [
        put(`${scenarios}/forbidden/answers`, [{ status: 403, example: "not-found" }]),
        "forbidden: the response 403 has no example not-found",
      ],
      "an answer that may not be empty": [
        put(`${scenarios}/not-found/answers`, [{ status: 404, example: "empty" }]),
        "not-found: the response 404 has no example empty",
      ],
      "an answer whose example is left to chance": [
        put(`${scenarios}/not-found/answers`, [{ status: 404 }]),
        "not-found: names no example of 404",
      ],
      "an update that there is not": [
        put(`${scenarios}/read/updates/0/example`, "seen"),
        "read: the operation declares no update example seen",
      ],
      "an update by the name of what every object has": [
        put(`${scenarios}/read/updates/0/example`, "toString"),
        "read: the operation declares no update example toString",
      ],
      "updates about a message that was refused": [
        put(`${scenarios}/forbidden/updates`, [{ example: "sent", after: 1 }]),
        "forbidden: has updates, but none of its answers accepts the message",
      ],
      "a misspelt member": [
        put(`${scenarios}/read/updates/0/latency`, 1),
        "read/updates/0/latency: unknown member",
      ],
      "a time before the message": [
        put(`${scenarios}/read/updates/0/after`, -1),
        "read/updates/0/after: Expected a value greater than or equal to 0",
      ],
      "an unknown member": [put(`${scenarios}/read/note`, "x"), "read/note: unknown member"],
      "a member by the name of what every object has": [
        put(`${scenarios}/read/constructor`, "x"),
        "read/constructor: unknown member",
      ],
      "a channel that no message has": [
        put(`${scenarios}/read/channel`, "email"),
        "read: unknown channel email",
      ],
      "none for all other numbers": [
        drop(`${scenarios}/delivered/default`),
        "the default for all other numbers; 0 are",
      ],
      "two for all other numbers": [
        put(`${scenarios}/read/default`, true),
        "the default for all other numbers; 2 are",
      ],
    },
  },
  {
    sentence: "has a number that plays each answer and each update",
    check: "examples-without-scenario",
    broken: {
      "one refusal without a number": [
        drop(`${scenarios}/template-not-found`),
        "400: no scenario plays template-not-found",
      ],
      "one empty answer without a number": [
        drop(`${scenarios}/unauthorized-empty`),
        "401: no scenario plays empty",
      ],
      "one update without a number": [
        drop(`${scenarios}/blocked`),
        "post: no scenario plays the update blocked",
      ],
    },
  },
  {
    sentence: "keeps nothing but the method in the callback's path item",
    check: "crowded-callbacks",
    broken: {
      "a description beside it": [
        put(deliveryStatus.replace(/post$/, "description"), "Where updates go."),
        "must have one member, `post`",
      ],
      "a method that is not POST": [
        put("#/components/callbacks/DeliveryStatus", {
          "{$request.body#/webhookUrl}": { put: at(contract, deliveryStatus) ?? null },
        }),
        "must have one member, `post`",
      ],
    },
  },
  {
    sentence: "shows an update for every status, with the event of that status",
    check: "unevenUpdates",
    broken: {
      "one status without an update": [
        drop(`${deliveryStatus}/requestBody/content/application~1json/examples/scheduled`),
        "SCHEDULED: no example of its own",
      ],
      "an update of another status": [
        put(`${examples}/blocked/value/payload/message_status`, "FILTERED"),
        "BLOCKED: no example of its own",
      ],
      "an event of another status": [
        put(`${examples}/delivered-event/value/event`, "message.read"),
        "delivered-event: the event message.read is not that of its status",
      ],
      "a status that has no lower case": [
        drop(`${schemas}/LowerCaseMessageStatus/enum/3`),
        "the statuses in lower case are not the same",
      ],
      "a new status": [
        put(`${schemas}/MessageStatus/enum`, ["QUEUED", "EXPIRED"]),
        "EXPIRED: no example of its own",
      ],
    },
  },
  {
    sentence: "asks for both security headers at once",
    check: "looseSecurity",
    broken: {
      "either header will do": [
        put("#/security", [{ senderId: [] }, { apiKey: [] }]),
        "not held to both",
      ],
      "one header will do": [put("#/security", [{ apiKey: [] }]), "not held to both"],
      "none is needed": [put("#/security", []), "not held to both"],
      "the operation asks for none": [put(`${sendToPhone}/security`, []), "not held to both"],
      "another header": [
        put("#/components/securitySchemes/apiKey/name", "authorization"),
        "the security headers are not",
      ],
      "a query parameter": [
        put("#/components/securitySchemes/apiKey/in", "query"),
        "the security headers are not",
      ],
    },
  },
]

describe.for(cases)("The contract $sentence", ({ check, broken }) => {
  const problemsOf = async (document: JsonObject): Promise<ReadonlyArray<string>> =>
    ((await checks.get(check)?.(document)) ?? [`there is no check ${check}`]).map((problem) =>
      typeof problem === "string" ? problem : `${problem.pointer}: ${problem.message}`,
    )

  it("as it stands", async () => {
    expect(await problemsOf(contract)).toEqual([])
  })

  it.for(Object.entries(broken))(
    "and it is noticed when broken by: %s",
    async ([, [document, words]]) => {
      expect(await problemsOf(document)).toContainEqual(expect.stringContaining(words))
    },
  )
})

it("Every check is tried on the contract and on broken documents", () => {
  expect(cases.map(({ check }) => check).toSorted()).toEqual([...checks.keys()].toSorted())
})
