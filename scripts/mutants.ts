/** The mutations of the contract and of core that `pnpm mutations` applies: what each changes, and who has to notice. */

/** One change of one file. */
export interface Mutant {
  /** To choose it by. */
  readonly name: string
  /** What is said in place of the truth, in words. */
  readonly what: string
  /** Relative to the root of the repository. */
  readonly file: string
  /** A text that the file has exactly once. */
  readonly from: string
  readonly to: string
  readonly tests: Tests
}

/** Test files that are to notice a change. */
export interface Tests {
  readonly project: "contract-tools" | "core" | "scripts"
  /** Relative to the root of the repository. */
  readonly files: ReadonlyArray<string>
}

/** What is wrong with a mutant, given the text of its file; undefined when it can be applied. */
export const problemOf = ({ file, from, name, to }: Mutant, text: string): string | undefined => {
  const count = text.split(from).length - 1
  if (from === to) return `${name} changes nothing`
  return count === 1
    ? undefined
    : `${name} is stale: what it changes is ${count} times in ${file}, and not once`
}

/** The text with the change. */
export const mutate = ({ from, to }: Mutant, text: string): string => text.replace(from, () => to)

// -----------------------------------------------------------------------------
// Who notices
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
  "url-pattern": ["a webhook URL may be of http only", "'^https?://", "'^http://", requests],
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
    "a request may name its channel",
    "        webhookUrl:\n",
    "        channel:\n          type: string\n        webhookUrl:\n",
    requests,
  ],
  "renamed-field": [
    "the variables have another name",
    "        messageBody:\n          description",
    "        variables:\n          description",
    requests,
  ],
  "media-type": [
    "a request has a media type of its own",
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
    "a key may hold spaces",
    String.raw`x-sent-pattern: '^[\x21-\x7E]+$'`,
    String.raw`x-sent-pattern: '^[\x20-\x7E]+$'`,
    requests,
  ],
  "security-scheme": ["a scheme has another name", "  - senderId: []", "  - sender: []", requests],

  // Answers
  "removed-example": [
    "an error is not shown under one of its media types",
    `              $ref: "#/components/examples/invalid-channel"
            invalid-json:
              $ref: "#/components/examples/invalid-json"
        application/json:`,
    `              $ref: "#/components/examples/invalid-channel"
        application/json:`,
    lint,
  ],
  "removed-status": [
    "404 is not answered",
    `        "404":
          $ref: "#/components/responses/NotFound"
`,
    "",
    oneSource,
  ],
  "status-in-body": [
    "the body of a 404 says 403",
    `              description: The HTTP status, repeated.
              type: integer
              const: 404`,
    `              description: The HTTP status, repeated.
              type: integer
              const: 403`,
    lint,
  ],
  detail: [
    "a lack of money is told in other words",
    'detail: "Insufficient balance. Current',
    'detail: "Balance too low. Current',
    oneSource,
  ],
  "detail-header": [
    "a missing key is told without its header",
    "detail: Header x-api-key not found",
    "detail: Key not found",
    oneSource,
  ],
  "retry-after-example": [
    "a rate limit tells another wait than its words",
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
    "at least one request is left",
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
    "a 403 does not say that nothing was sent",
    "The credentials do not allow this. Nothing was sent.",
    "The credentials do not allow this.",
    oneSource,
  ],
  "required-message": [
    "the absence of a field is told in other words",
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
    "two numbers play the same refusal, and none plays the other",
    "- { status: 400, example: template-not-found }",
    "- { status: 400, example: invalid-channel }",
    lint,
  ],
  "number-renumbered": [
    "a number of the pages plays nothing",
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
    "an update names its message otherwise",
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
  "update-event": [
    "an update may name another kind of thing",
    "const: messages",
    "const: updates",
    updates,
  ],
  "dropped-format": [
    "a time may be any text",
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
    "an update may be older",
    "A receiver allows for 300 seconds either way.",
    "A receiver allows for 600 seconds either way.",
    oneSource,
  ],
  "update-url": [
    "updates go to another field's URL",
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
      "core takes a phone number of 16 digits",
      "[0-9]{6,14}$/u",
      "[0-9]{6,15}$/u",
      requests,
    ],
    "core-url-length": [
      "core takes a webhook URL of any length",
      '  Schema.isMaxLength(2048, { message: "must be at most 2048 characters long" }),\n',
      "",
      requests,
    ],
    "core-url-pattern": [
      "core takes a webhook URL of https only",
      String.raw`/^https?:\/\/`,
      String.raw`/^https:\/\/`,
      requests,
    ],
    "core-required-field": [
      "core wants variables",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),",
      "messageBody: Schema.Record(Schema.String, Schema.String),",
      requests,
    ],
    "core-optional-field": [
      "core does without a template",
      "  templateId: TemplateId,\n  messageBody: Schema.optionalKey(",
      "  templateId: Schema.optionalKey(TemplateId),\n  messageBody: Schema.optionalKey(",
      requests,
    ],
    "core-variable-type": [
      "core takes any variable",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),",
      "messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),",
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/SentCredentials.ts", {
    "core-key-pattern": [
      "core takes a key with spaces",
      String.raw`/^[\x21-\x7E]+$/u`,
      String.raw`/^[\x20-\x7E]+$/u`,
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/guid.ts", {
    "core-guid-pattern": [
      "core takes a GUID without hyphens",
      "{8}-[0-9a-fA-F]{4}",
      "{8}-?[0-9a-fA-F]{4}",
      requests,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/send/explain.ts", {
    "core-open-request": [
      "core sends fields that it does not know",
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
      "core looks for other words of a missing template",
      "/^template not found",
      "/^no such template",
      oneSource,
    ],
    "core-status": ["core does not know 413", "[400, 413, 415, 422]", "[400, 415, 422]", oneSource],
    "core-delivery": [
      "core calls every 503 not sent",
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
      "core knows a status of its own",
      '  "RECEIVED",\n] as const',
      '  "RECEIVED",\n  "EXPIRED",\n] as const',
      updates,
    ],
    "core-update-required": [
      "core wants the account of an update",
      "message_status: Schema.String,\n    account_id: optionalText,",
      "message_status: Schema.String,\n    account_id: Schema.Int,",
      updates,
    ],
    "core-update-id": [
      "core takes any text for a message's id",
      "message_id: Guid,",
      "message_id: Schema.String,",
      updates,
    ],
    "core-update-property": [
      "core reads the sender where the recipient is",
      "recipient: redacted(payload.inbound_number",
      "recipient: redacted(payload.outbound_number",
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/timestamp.ts", {
    "core-update-time": [
      "core takes a day that its month does not have",
      "time !== undefined && isInCalendar",
      "time !== undefined",
      updates,
    ],
  }),
  ...mutantsOf("packages/core/src/internal/updates/headers.ts", {
    "core-update-header": [
      "core looks for the signature in another header",
      'signatureHeader = "x-webhook-signature"',
      'signatureHeader = "webhook-signature"',
      oneSource,
    ],
  }),
  ...mutantsOf("packages/core/src/SentWebhook.ts", {
    "core-tolerance": [
      "core takes older updates",
      "defaultTolerance = Duration.seconds(300)",
      "defaultTolerance = Duration.seconds(600)",
      oneSource,
    ],
  }),
]

export const mutants: ReadonlyArray<Mutant> = [...ofContract, ...ofCore]
