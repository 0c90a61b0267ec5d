/** Mutants of core. */
import { type Mutant, mutantsOf } from "./mutant.ts"
import { oneSource, parityOfV3, reading, requests, states, updates } from "./tests.ts"

export const ofCore: ReadonlyArray<Mutant> = [
  ...mutantsOf("packages/core/src/SendToPhone.ts", {
    "core-required-field": [
      "core requires variables",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),",
      "messageBody: Schema.Record(Schema.String, Schema.String),",
      requests,
    ],
    "core-optional-field": [
      "core does not require a template",
      "  templateId: TemplateId,\n  messageBody: Schema.optionalKey(",
      "  templateId: Schema.optionalKey(TemplateId),\n  messageBody: Schema.optionalKey(",
      requests,
    ],
    "core-variable-type": [
      "core accepts any variable",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),",
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/SentCredentials.ts", {
    "core-key-pattern": [
      "core accepts a key with spaces",
      String.raw`/^[\x21-\x7E]+$/u`,
      String.raw`/^[\x20-\x7E]+$/u`,
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/patterns.ts", {
    "core-number-pattern": [
      "core accepts a phone number of 16 digits",
      "[0-9]{6,14}$/u",
      "[0-9]{6,15}$/u",
      requests,
    ],
    "core-url-length": [
      "core accepts a webhook URL of 4096 characters",
      "maxUrlLength = 2048",
      "maxUrlLength = 4096",
      requests,
    ],
    "core-url-pattern": [
      "core only accepts a webhook URL of https",
      String.raw`/^https?:\/\/`,
      String.raw`/^https:\/\/`,
      requests,
    ],
    "core-guid-pattern": [
      "core accepts a GUID without hyphens",
      "{8}-[0-9a-fA-F]{4}",
      "{8}-?[0-9a-fA-F]{4}",
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/explain.ts", {
    "core-open-request": [
      "core sends unknown fields",
      'onExcessProperty: "error"',
      'onExcessProperty: "preserve"',
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/operation.ts", {
    "core-path": [
      "core sends to another path",
      'phonePath = "/v1/messages/phone"',
      'phonePath = "/v1/messages"',
      requests,
    ],
    "core-credential-header": [
      "core sends the sender under another header",
      '"x-sender-id": Redacted.value(senderId)',
      '"x-sender": Redacted.value(senderId)',
      requests,
    ],
    "core-accept": [
      "core does not ask for problem documents",
      '"application/problem+json, application/json"',
      '"application/json"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/attempt.ts", {
    "core-media-type": [
      "core sends another media type",
      'HttpBody.uint8Array(body, "application/json")',
      'HttpBody.uint8Array(body, "text/json")',
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/answer.ts", {
    "core-limit-header": [
      "core reads the limit from another header",
      '"x-ratelimit-limit"',
      '"x-rate-limit"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/reasonTable.ts", {
    "core-detail": [
      "core expects another detail for a missing template",
      "/^template not found",
      "/^no such template",
      oneSource,
    ],
    "core-status": ["core does not know 413", "[400, 413, 415, 422]", "[400, 415, 422]", oneSource],
    "core-key-in-use": [
      "core reports a request whose key is in use as not sent",
      '    // This request was not executed, but the other one with its key may be.\n    delivery: "unknown"',
      '    // This request was not executed, but the other one with its key may be.\n    delivery: "not-sent"',
      parityOfV3,
    ],
    "core-delivery": [
      "core reports every 503 as not sent",
      'code !== storeIsDown ? "unknown" : "not-sent"',
      'code !== storeIsDown ? "not-sent" : "not-sent"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/status.ts", {
    "core-no-status": [
      "core does not know RECEIVED",
      '  "SCHEDULED",\n  "RECEIVED",\n] as const',
      '  "SCHEDULED",\n] as const',
      updates,
    ],
    "core-new-status": [
      "core has a status that the contract does not have",
      '  "RECEIVED",\n] as const',
      '  "RECEIVED",\n  "EXPIRED",\n] as const',
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/identifier.ts", {
    "core-update-id": [
      "core accepts any text as the id of a message",
      String.raw`/^[\w.:-]{1,128}$/`,
      "/^/",
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/DeliveryStatus.ts", {
    "core-update-required": [
      "core requires the account of an update",
      "message_status: Schema.String,\n    account_id: optional,",
      "message_status: Schema.String,\n    account_id: Schema.Int,",
      updates,
    ],
    "core-update-property": [
      "core reads the sender as the recipient",
      "return redacted(payload.inbound_number",
      "return redacted(payload.outbound_number",
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/timestamp.ts", {
    "core-update-time": [
      "core accepts a day that its month does not have",
      "return isInCalendar ?",
      "return isInCalendar || true ?",
      reading,
    ],
    "core-update-zone": [
      "core reads an offset the wrong way round",
      'sign === "-" ? -1 : 1',
      'sign === "-" ? 1 : -1',
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/state.ts", {
    "core-state-taken-back": [
      "a step before an outcome takes it back",
      "if (outcome === undefined) return",
      "if (outcome !== steps.at(-1)) return",
      states,
    ],
    "core-state-read": [
      "a message that was read is only delivered",
      'steps.find(({ status }) => status === "READ") ?? outcome',
      "outcome",
      states,
    ],
    "core-state-never-reopened": [
      "a new routing does not reopen a failure",
      "routing.every((step) => compare(step, outcome) > 0)",
      "steps.every((step) => compare(step, outcome) > 0)",
      states,
    ],
    "core-state-timeless-routing": [
      "an update without a time is a new routing",
      "!factsOf(status).isRouting || statedAt === undefined",
      "!factsOf(status).isRouting",
      states,
    ],
    "core-state-future": [
      "a time of the far future counts as it is stated",
      "statedAt.epochMilliseconds - receivedAt.epochMilliseconds > maxAhead",
      "false",
      states,
    ],
    "core-state-receipt": [
      "the latest receipt counts",
      "DateTime.min(one.receivedAt, other.receivedAt)",
      "DateTime.max(one.receivedAt, other.receivedAt)",
      states,
    ],
    "core-state-kept": [
      "which steps are kept depends on the order of arrival",
      "[...steps.values()].toSorted(byImportance)",
      "[...steps.values()]",
      states,
    ],
    "core-state-best": [
      "the message that went worst counts",
      "luck(other) - luck(one)",
      "luck(one) - luck(other)",
      states,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/headers.ts", {
    "core-update-header": [
      "core reads the signature from another header",
      'signatureHeader = "x-webhook-signature"',
      'signatureHeader = "webhook-signature"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/SentWebhook.ts", {
    "core-tolerance": [
      "core accepts older updates",
      "defaultTolerance = Duration.seconds(300)",
      "defaultTolerance = Duration.seconds(600)",
      oneSource,
    ],
  }),
]
