/** What `pnpm mutations` breaks: the contract and core, each in one place, and the tests that must notice. */

export interface Mutation {
  readonly name: string
  /** Relative to the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly from: string
  readonly to: string
  readonly tests: Tests
}

/** A project of vitest and the files of it that are run. */
export interface Tests {
  readonly project: "core" | "contracts" | "mock-server"
  readonly files: ReadonlyArray<string>
}

const contract = "contracts/sent-v1.openapi.yaml"

const document: Tests = { project: "contracts", files: [] }
const parity: Tests = { project: "core", files: ["parity.test", "parity.updates"] }
const answers: Tests = { project: "core", files: ["oneSource"] }
const webhook: Tests = { project: "core", files: ["SentWebhook.test"] }

const guid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

export const mutations: ReadonlyArray<Mutation> = [
  // ---------------------------------------------------------------------------
  // The contract, and core notices
  // ---------------------------------------------------------------------------
  {
    name: "contract: a number of seven digits is refused",
    file: contract,
    from: String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
    to: String.raw`pattern: '^\+[1-9][0-9]{7,14}$'`,
    tests: parity,
  },
  {
    name: "contract: a number of sixteen digits is accepted",
    file: contract,
    from: String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
    to: String.raw`pattern: '^\+[1-9][0-9]{6,15}$'`,
    tests: parity,
  },
  {
    name: "contract: a number may begin with a zero",
    file: contract,
    from: String.raw`pattern: '^\+[1-9][0-9]{6,14}$'`,
    to: String.raw`pattern: '^\+[0-9][0-9]{6,14}$'`,
    tests: parity,
  },
  {
    name: "contract: unknown fields are accepted",
    file: contract,
    from: "additionalProperties: false\n      required: [phoneNumber, templateId]",
    to: "required: [phoneNumber, templateId]",
    tests: parity,
  },
  {
    name: "contract: one more field is required",
    file: contract,
    from: "required: [phoneNumber, templateId]",
    to: "required: [phoneNumber, templateId, messageBody]",
    tests: parity,
  },
  {
    name: "contract: the template may be missing",
    file: contract,
    from: "required: [phoneNumber, templateId]",
    to: "required: [phoneNumber]",
    tests: parity,
  },
  {
    name: "contract: a variable may be anything",
    file: contract,
    from: "            description: The text that takes the variable's place.\n            type: string",
    to: "            description: The text that takes the variable's place.",
    tests: parity,
  },
  {
    name: "contract: a webhookUrl is shorter",
    file: contract,
    from: "maxLength: 2048",
    to: "maxLength: 2000",
    tests: parity,
  },
  {
    name: "contract: a template's id has no pattern",
    file: contract,
    from: `          pattern: "^${guid}$"\n          x-sent-required-message: TemplateId is required`,
    to: "          x-sent-required-message: TemplateId is required",
    tests: parity,
  },
  {
    name: "contract: a field has another name",
    file: contract,
    from: "        webhookUrl:\n          description: >-\n            Where",
    to: "        webhookURL:\n          description: >-\n            Where",
    tests: parity,
  },
  {
    name: "contract: the path is another",
    file: contract,
    from: "  /v1/messages/phone:\n",
    to: "  /v2/messages/phone:\n",
    tests: parity,
  },
  {
    name: "contract: updates call the message otherwise",
    file: contract,
    from: "        message_id:\n          description: The message, a GUID.",
    to: "        messageId:\n          description: The message, a GUID.",
    tests: parity,
  },
  {
    name: "contract: updates have one status more",
    file: contract,
    from: "        - SCHEDULED\n        - RECEIVED",
    to: "        - SCHEDULED\n        - EXPIRED\n        - RECEIVED",
    tests: parity,
  },
  {
    name: "contract: updates have one status less",
    file: contract,
    from: "        - SCHEDULED\n        - RECEIVED",
    to: "        - RECEIVED",
    tests: parity,
  },
  {
    name: "contract: the service says otherwise that a template is not there",
    file: contract,
    from: "        detail: Template not found",
    to: "        detail: No such template",
    tests: answers,
  },
  {
    name: "contract: a refusal has another status",
    file: contract,
    from: '        "403":\n          $ref',
    to: '        "402":\n          $ref',
    tests: answers,
  },
  {
    name: "contract: the key is sent under another name",
    file: contract,
    from: "      name: x-api-key\n",
    to: "      name: authorization\n",
    tests: answers,
  },
  {
    name: "contract: updates are signed under another name",
    file: contract,
    from: "      name: x-webhook-signature\n",
    to: "      name: x-webhook-signatures\n",
    tests: answers,
  },
  // ---------------------------------------------------------------------------
  // The contract, and its own tests notice
  // ---------------------------------------------------------------------------
  {
    name: "contract: a pattern does not compile",
    file: contract,
    from: String.raw`pattern: '^message\.[a-z_]+$'`,
    to: String.raw`pattern: '^message\-[a-z_]+$'`,
    tests: document,
  },
  {
    name: "contract: an example is gone",
    file: contract,
    from: "    insufficient-balance:\n      summary: The balance",
    to: "    insufficient-funds:\n      summary: The balance",
    tests: document,
  },
  {
    name: "contract: an example does not conform",
    file: contract,
    from: "        status: 403\n        title: Forbidden",
    to: "        status: 404\n        title: Forbidden",
    tests: document,
  },
  {
    name: "contract: a header has another name",
    file: contract,
    from: "        X-RateLimit-Limit:\n          $ref",
    to: "        X-RateLimit-Max:\n          $ref",
    tests: document,
  },
  {
    name: "contract: a magic number plays another answer",
    file: contract,
    from: "- { status: 400, example: insufficient-balance }",
    to: "- { status: 400, example: invalid-channel }",
    tests: document,
  },
  {
    name: "contract: two scenarios have one number",
    file: contract,
    from: 'phoneNumber: "+15005554005"',
    to: 'phoneNumber: "+15005554004"',
    tests: document,
  },
  {
    name: "contract: a magic number could be somebody's",
    file: contract,
    from: 'phoneNumber: "+15005554030"',
    to: 'phoneNumber: "+14155554030"',
    tests: document,
  },
  {
    name: "contract: something is not described",
    file: contract,
    from: "          description: The template's variables by name.\n",
    to: "",
    tests: document,
  },
  {
    name: "contract: a format is none",
    file: contract,
    from: "          format: uri\n",
    to: "          format: url\n",
    tests: document,
  },
  // ---------------------------------------------------------------------------
  // Core
  // ---------------------------------------------------------------------------
  {
    name: "core: a number of six digits is sent",
    file: "packages/core/src/SendToPhone.ts",
    from: String.raw`/^\+[1-9][0-9]{6,14}$/u`,
    to: String.raw`/^\+[1-9][0-9]{5,14}$/u`,
    tests: parity,
  },
  {
    name: "core: a number with a line break at its end is sent",
    file: "packages/core/src/SendToPhone.ts",
    from: String.raw`/^\+[1-9][0-9]{6,14}$/u`,
    to: String.raw`/^\+[1-9][0-9]{6,14}$/mu`,
    tests: parity,
  },
  {
    name: "core: a GUID is any hexadecimal digits and hyphens",
    file: "packages/core/src/internal/guid.ts",
    from: `/^${guid}$/u`,
    to: "/^[0-9a-fA-F-]{36}$/u",
    tests: parity,
  },
  {
    name: "core: a longer webhookUrl is sent",
    file: "packages/core/src/SendToPhone.ts",
    from: "Schema.isMaxLength(2048",
    to: "Schema.isMaxLength(4096",
    tests: parity,
  },
  {
    name: "core: the variables must be there",
    file: "packages/core/src/SendToPhone.ts",
    from: "  messageBody: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),\n",
    to: "  messageBody: Schema.Record(Schema.String, Schema.String) as never,\n",
    tests: parity,
  },
  {
    name: "core: a variable may be a number",
    file: "packages/core/src/SendToPhone.ts",
    from: "Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),\n",
    to: "Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)) as never,\n",
    tests: parity,
  },
  {
    name: "core: it is sent to another path",
    file: "packages/core/src/internal/baseUrl.ts",
    from: "/v1/messages/phone`",
    to: "/v1/messages/phones`",
    tests: parity,
  },
  {
    name: "core: an update has one status less",
    file: "packages/core/src/DeliveryStatus.ts",
    from: '> = Schema.Literals([\n  "QUEUED",\n  "ROUTED",',
    to: '> = Schema.Literals([\n  "QUEUED",',
    tests: parity,
  },
  {
    name: "core: another text means that a template is not there",
    file: "packages/core/src/internal/answer.ts",
    from: String.raw`/^template not found\b/i`,
    to: String.raw`/^template missing\b/i`,
    tests: answers,
  },
  {
    name: "core: the key is sent under another name",
    file: "packages/core/src/internal/attempt.ts",
    from: '"x-api-key": Redacted.value',
    to: '"x-api-token": Redacted.value',
    tests: answers,
  },
  {
    name: "core: updates are signed under another name",
    file: "packages/core/src/SentWebhook.ts",
    from: 'const signatureHeader = "x-webhook-signature"',
    to: 'const signatureHeader = "x-webhook-signatures"',
    tests: webhook,
  },
]
