/** Mutants of the contract. */
import { type Mutant, mutantsOf } from "./mutant.ts"
import { lint, oneSource, pages, reference, requests, updates } from "./tests.ts"

export const ofContract: ReadonlyArray<Mutant> = mutantsOf("contracts/sent-v1.openapi.yaml", {
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
