/** The mutations of the contract and of core that `pnpm mutations` applies, and the tests that must fail. */

/** A mutation: a change of one file. */
export interface Mutant {
  /** The name for `--only`. */
  readonly name: string
  /** A description of the wrong behaviour. */
  readonly what: string
  /** The file, relative to the root of the repository. */
  readonly file: string
  /** The text to replace. It must occur exactly once in the file. */
  readonly from: string
  readonly to: string
  readonly tests: Tests
}

/** The test files that must fail with the mutation. */
export interface Tests {
  readonly project: "contract-tools" | "core" | "scripts"
  /** The files, relative to the root of the repository. */
  readonly files: ReadonlyArray<string>
}

/** Returns why a mutation cannot be applied to the text of its file. Undefined when it can. */
export const problemOf = ({ file, from, name, to }: Mutant, text: string): string | undefined => {
  const count = text.split(from).length - 1
  if (from === to) return `${name} changes nothing`
  return count === 1
    ? undefined
    : `${name} is stale: its text occurs ${count} times in ${file} instead of once`
}

/** Applies a mutation to a text. */
export const mutate = ({ from, to }: Mutant, text: string): string => text.replace(from, () => to)

// -----------------------------------------------------------------------------
// Tests
// -----------------------------------------------------------------------------

const core = (...names: ReadonlyArray<string>): Tests => ({
  project: "core",
  files: names.map((name) => `packages/core/test/${name}.test.ts`),
})

const requests = core("parity")
const updates = core("parity.updates")
const oneSource = core("oneSource")

const reference: Tests = {
  project: "contract-tools",
  files: ["packages/contract-tools/test/sent-v1/reference.test.ts"],
}
const lint: Tests = {
  project: "contract-tools",
  files: ["packages/contract-tools/test/lint.test.ts"],
}
const pages: Tests = { project: "scripts", files: ["scripts/test/oneSource.test.ts"] }

// -----------------------------------------------------------------------------
// The contract
// -----------------------------------------------------------------------------

type Change = readonly [what: string, from: string, to: string, tests: Tests]

const mutantsOf = (
  file: string,
  changes: Readonly<Record<string, Change>>,
): ReadonlyArray<Mutant> =>
  Object.entries(changes).map(([name, [what, from, to, tests]]) => ({
    name,
    what,
    file,
    from,
    to,
    tests,
  }))

const ofContract = mutantsOf("contracts/sent-v1.openapi.yaml", {
  // Requests
  "number-pattern": [
    "a phone number needs eight digits",
    String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
    String.raw`pattern: '^\+[1-9][0-9]{7,14}$'`,
    requests,
  ],
  "template-pattern": [
    "a template id is in lower case",
    `          description: The template to fill, a GUID of any version in either letter case.
          type: string
          format: uuid
          pattern: "^[0-9a-fA-F]{8}-`,
    `          description: The template to fill, a GUID of any version in either letter case.
          type: string
          format: uuid
          pattern: "^[0-9a-f]{8}-`,
    requests,
  ],
  "url-pattern": ["a webhook URL must be http", "'^https?://", "'^http://", requests],
  "url-length": ["a webhook URL may be longer", "maxLength: 2048", "maxLength: 2083", requests],
  "new-required-field": [
    "the variables are required",
    "required: [phoneNumber, templateId]",
    "required: [phoneNumber, templateId, messageBody]",
    requests,
  ],
  "required-no-more": [
    "no template is required",
    "required: [phoneNumber, templateId]",
    "required: [phoneNumber]",
    requests,
  ],
  "open-request": [
    "unknown fields are accepted",
    "\n      additionalProperties: false",
    "",
    requests,
  ],
  "variable-type": [
    "a variable may be a number",
    `            description: The text that takes the variable's place.
            type: string`,
    `            description: The text that takes the variable's place.
            type: [string, number]`,
    requests,
  ],
  "new-field": [
    "a request may have a channel",
    "        webhookUrl:\n",
    "        channel:\n          type: string\n        webhookUrl:\n",
    requests,
  ],
  "renamed-field": [
    "the member of the variables has another name",
    "        messageBody:\n          description",
    "        variables:\n          description",
    requests,
  ],
  "media-type": [
    "a request has another media type",
    `          application/json:
            schema:
              $ref: "#/components/schemas/SendToPhoneRequest"`,
    `          application/vnd.sent+json:
            schema:
              $ref: "#/components/schemas/SendToPhoneRequest"`,
    requests,
  ],
  path: [
    "the path has another version",
    "  /v1/messages/phone:",
    "  /v2/messages/phone:",
    requests,
  ],
  server: [
    "the service has another host",
    "https://api.sent.dm",
    "https://api.sent.example",
    oneSource,
  ],
  "credential-header": [
    "the key has another header",
    "name: x-api-key",
    "name: x-api-token",
    requests,
  ],
  "credential-pattern": [
    "a key may contain spaces",
    String.raw`x-sent-pattern: '^[\x21-\x7E]+$'`,
    String.raw`x-sent-pattern: '^[\x20-\x7E]+$'`,
    requests,
  ],
  "security-scheme": ["a scheme has another name", "  - senderId: []", "  - sender: []", requests],

  // Answers
  "removed-example": [
    "an example is missing under one of its media types",
    `              $ref: "#/components/examples/invalid-channel"
            invalid-json:
              $ref: "#/components/examples/invalid-json"
        application/json:`,
    `              $ref: "#/components/examples/invalid-channel"
        application/json:`,
    lint,
  ],
  "removed-status": [
    "404 is not declared",
    `        "404":
          $ref: "#/components/responses/NotFound"
`,
    "",
    oneSource,
  ],
  "status-in-body": [
    "the body of a 404 has the status 403",
    `              description: The HTTP status, repeated.
              type: integer
              const: 404`,
    `              description: The HTTP status, repeated.
              type: integer
              const: 403`,
    lint,
  ],
  detail: [
    "the detail of an insufficient balance differs",
    'detail: "Insufficient balance. Current',
    'detail: "Balance too low. Current',
    oneSource,
  ],
  "detail-header": [
    "the detail of a missing key does not name its header",
    "detail: Header x-api-key not found",
    "detail: Key not found",
    oneSource,
  ],
  "retry-after-example": [
    "Retry-After of a rate limit contradicts its detail",
    '        Retry-After: "60"',
    '        Retry-After: "90"',
    reference,
  ],
  "renamed-header": [
    "a header of the rate limit has another name",
    `        X-RateLimit-Limit:
          $ref: "#/components/headers/RateLimitLimit"`,
    `        X-Rate-Limit:
          $ref: "#/components/headers/RateLimitLimit"`,
    oneSource,
  ],
  "optional-header": [
    "a 429 may come without Retry-After",
    "      required: true\n      schema:\n        description: Whole seconds.",
    "      schema:\n        description: Whole seconds.",
    reference,
  ],
  "tightened-bound": [
    "the remaining requests are at least 1",
    `      description: How many requests the present window still allows.
      schema:
        description: A number of requests.
        type: integer
        minimum: 0`,
    `      description: How many requests the present window still allows.
      schema:
        description: A number of requests.
        type: integer
        minimum: 1`,
    lint,
  ],
  "nothing-was-sent": [
    "the description of a 403 does not say that nothing was sent",
    "The credentials do not allow this. Nothing was sent.",
    "The credentials do not allow this.",
    oneSource,
  ],
  "required-message": [
    "the message of a missing field differs",
    "x-sent-required-message: TemplateId is required",
    "x-sent-required-message: A template is required",
    reference,
  ],
  "no-description": [
    "a field has no description",
    "          description: The template's variables by name.\n",
    "",
    lint,
  ],

  // Scenarios
  "number-elsewhere": [
    "two numbers play the same refusal, and no number plays the other one",
    "- { status: 400, example: template-not-found }",
    "- { status: 400, example: invalid-channel }",
    lint,
  ],
  "number-renumbered": [
    "a number on the pages has no scenario",
    'phoneNumber: "+15005554005"',
    'phoneNumber: "+15005554009"',
    pages,
  ],

  // Updates
  "new-status": [
    "a message can expire",
    "        - RECEIVED\n",
    "        - RECEIVED\n        - EXPIRED\n",
    updates,
  ],
  "no-status": ["no message is blocked", "        - BLOCKED\n", "", updates],
  "update-property": [
    "the member of an update's message id has another name",
    "        message_id:\n          description",
    "        id:\n          description",
    updates,
  ],
  "update-required": [
    "an update may come without a status",
    "        - message_status\n",
    "",
    updates,
  ],
  "update-event": ["an update has another field", "const: messages", "const: updates", updates],
  "dropped-format": [
    "a time may be any string",
    "      description: When it happened.\n      type: string\n      format: date-time",
    "      description: When it happened.\n      type: string",
    updates,
  ],
  "update-header": [
    "an update is signed under another header",
    "name: x-webhook-signature",
    "name: x-signature",
    oneSource,
  ],
  tolerance: [
    "the tolerance of a receiver is longer",
    "A receiver allows for 300 seconds either way.",
    "A receiver allows for 600 seconds either way.",
    oneSource,
  ],
  "update-url": [
    "updates go to the URL of another member",
    '"{$request.body#/webhookUrl}"',
    '"{$request.body#/callbackUrl}"',
    reference,
  ],
})

// -----------------------------------------------------------------------------
// Core
// -----------------------------------------------------------------------------

const ofCore: ReadonlyArray<Mutant> = [
  ...mutantsOf("packages/core/src/SendToPhone.ts", {
    "core-number-pattern": [
      "core accepts a phone number of 16 digits",
      "[0-9]{6,14}$/u",
      "[0-9]{6,15}$/u",
      requests,
    ],
    "core-url-length": [
      "core accepts a webhook URL of any length",
      '  Schema.isMaxLength(2048, { message: "must be at most 2048 characters long" }),\n',
      "",
      requests,
    ],
    "core-url-pattern": [
      "core only accepts a webhook URL of https",
      String.raw`/^https?:\/\/`,
      String.raw`/^https:\/\/`,
      requests,
    ],
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
  ...mutantsOf("packages/core/src/internal/guid.ts", {
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
      'path: "/v1/messages/phone"',
      'path: "/v1/messages"',
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/attempt.ts", {
    "core-credential-header": [
      "core sends the sender under another header",
      '"x-sender-id": Redacted',
      '"x-sender": Redacted',
      requests,
    ],
    "core-media-type": [
      "core sends another media type",
      'JSON.stringify(request), "application/json"',
      'JSON.stringify(request), "text/json"',
      requests,
    ],
    "core-accept": [
      "core does not ask for problem documents",
      '"application/problem+json, application/json"',
      '"application/json"',
      oneSource,
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
    "core-delivery": [
      "core reports every 503 as not sent",
      'retryAfter === undefined ? "unknown" : "not-sent"',
      'retryAfter === undefined ? "not-sent" : "not-sent"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/DeliveryStatus.ts", {
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
    "core-update-required": [
      "core requires the account of an update",
      "message_status: Schema.String,\n    account_id: optionalText,",
      "message_status: Schema.String,\n    account_id: Schema.Int,",
      updates,
    ],
    "core-update-id": [
      "core accepts any text as the id of a message",
      "message_id: Guid,",
      "message_id: Schema.String,",
      updates,
    ],
    "core-update-property": [
      "core reads the sender as the recipient",
      "recipient: redacted(payload.inbound_number",
      "recipient: redacted(payload.outbound_number",
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/timestamp.ts", {
    "core-update-time": [
      "core accepts a day that its month does not have",
      "time !== undefined && isInCalendar",
      "time !== undefined",
      updates,
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

export const mutants: ReadonlyArray<Mutant> = [...ofContract, ...ofCore]
