/** The diff: the rating of each kind of change, and the version bump that it requires. */
import { Contract } from "@effect-sent/contract"
import { ContractDiff, ContractReport } from "@effect-sent/contract-tools"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { parse, stringify } from "yaml"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "effect-sent-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true })),
)

const write = (path: string, text: string) => Effect.promise(() => writeFile(path, text))

const bundled = readFileSync(Contract.bundledPath, "utf8")

// -----------------------------------------------------------------------------
// Documents with something changed
// -----------------------------------------------------------------------------

type Value = null | boolean | number | string | ReadonlyArray<Value> | Members

interface Members {
  [key: string]: Value
}

interface Edit {
  /** What it changes, or where it puts something. */
  readonly at: string
  /** Undefined takes it away. */
  readonly to: ((value: Value | undefined) => Value) | undefined
}

const set = (at: string, value: Value): Edit => ({ at, to: () => value })

const remove = (at: string): Edit => ({ at, to: undefined })

const push = (at: string, ...items: ReadonlyArray<Value>): Edit => ({
  at,
  to: (list) => [...(Array.isArray(list) ? list : []), ...items],
})

const keysOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))

const isMembers = (value: Value | undefined): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const valueAt = (document: Value, keys: ReadonlyArray<string>): Value | undefined =>
  keys.reduce<Value | undefined>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)]
    return isMembers(value) ? value[key] : undefined
  }, document)

/** Each edit must find the place that it means, and change it. */
const edited = (document: Members, edits: ReadonlyArray<Edit>): Members => {
  const copy: Members = JSON.parse(JSON.stringify(document))
  for (const { at, to } of edits) {
    const keys = keysOf(at)
    const last = keys.at(-1) ?? ""
    const holder = valueAt(copy, keys.slice(0, -1))
    if (!isMembers(holder)) assert.fail(`nothing holds ${at}`)
    if (to === undefined) {
      assert.isTrue(Reflect.has(holder, last), `there is ${at}`)
      delete holder[last]
    } else {
      const value = to(holder[last])
      assert.notDeepEqual(value, holder[last], `${at} is changed`)
      holder[last] = value
    }
  }
  return copy
}

const schemas = "#/components/schemas"
const operation = "#/paths/~1v1~1messages~1phone/post"
const callback = "#/components/callbacks/DeliveryStatus"
const update = `${callback}/{$request.body#~1webhookUrl}/post`
const scenarios = `${operation}/x-sent-scenarios`
const hooks = "#/paths/~1v1~1hooks/post/callbacks"
const json = "application~1json"

const string = { type: "string" }

const contract: Members = parse(bundled)

const rerouted = valueAt(contract, keysOf(`${scenarios}/rerouted`))

/** A callback that has nothing in common with another one but its form. */
const hook = (name: string): Members => ({
  "{$request.body#/url}": {
    post: {
      operationId: name,
      parameters: [{ name: `x-${name}`, in: "header", schema: string }],
      requestBody: { content: { "application/json": { schema: { title: name } } } },
      responses: { "204": { description: "Taken." } },
    },
  },
})

/** The bundled contract, and what it has not of what OpenAPI has. */
const before = edited(contract, [
  set(`${schemas}/Tag`, {
    type: "object",
    additionalProperties: false,
    required: ["colour"],
    properties: {
      colour: { type: "string", enum: ["red", "green"] },
      size: { type: "string", pattern: "^[SML]$" },
      weight: { type: "number", maximum: 9 },
      depth: { type: "integer" },
    },
  }),
  set(`${schemas}/Tree`, {
    type: "object",
    properties: { leaf: string, branch: { $ref: `${schemas}/Tree` } },
  }),
  // One schema in three directions.
  set(`${schemas}/SendToPhoneRequest/properties/tag`, { $ref: `${schemas}/Tag` }),
  set(`${schemas}/Problem/properties/tag`, { $ref: `${schemas}/Tag` }),
  set(`${schemas}/MessageStatusPayload/properties/tag`, { $ref: `${schemas}/Tag` }),
  set(`${schemas}/SendToPhoneRequest/properties/tree`, { $ref: `${schemas}/Tree` }),
  set(`${schemas}/SendToPhoneRequest/properties/id`, {
    type: "string",
    readOnly: true,
    pattern: "^a$",
  }),
  set(`${schemas}/SendToPhoneRequest/properties/mood`, { type: "string", enum: ["glad", "calm"] }),
  set(`${schemas}/SendToPhoneRequest/properties/note`, {
    type: "string",
    not: { type: "string", maxLength: 3 },
  }),
  set(`${operation}/requestBody/content/text~1json`, { schema: string }),
  set(`${scenarios}/also-rerouted`, {
    ...(isMembers(rerouted) ? rerouted : {}),
    phoneNumber: "+15005552999",
  }),
  set(`${operation}/parameters`, [
    { name: "x-trace", in: "header", schema: { type: "string", maxLength: 9 } },
    { name: "x-tenant", in: "header", schema: string },
  ]),
  set("#/components/parameters/WebhookId/required", true),
  push(`${update}/parameters`, { name: "x-webhook-try", in: "header", schema: string }),
  set(`${update}/requestBody/content/text~1json`, { schema: string }),
  set("#/paths/~1v1~1numbers", {
    get: {
      parameters: [{ name: "page", in: "query", schema: string }],
      responses: { "200": { description: "Numbers." } },
    },
    delete: { responses: { "204": { description: "Gone." } } },
  }),
  set("#/paths/~1v1~1gone", { get: { responses: { "204": { description: "Gone." } } } }),
  set("#/paths/~1v1~1hooks", {
    post: {
      "x-sent-scenarios": {
        only: { summary: "Taken.", phoneNumber: "+15005552000", answers: [{ status: 204 }] },
      },
      responses: { "204": { description: "Taken." } },
      callbacks: {
        gone: hook("first"),
        moved: { "{$request.body#/url}": hook("second")["{$request.body#/url}"] ?? {} },
        bodiless: hook("third"),
        headerless: hook("fourth"),
      },
    },
  }),
  set("#/paths/~1v1~1templates", { $ref: "#/components/pathItems/Templates" }),
  set("#/components/pathItems", {
    Templates: {
      get: {
        parameters: [{ name: "page", in: "query", schema: string }],
        responses: { "200": { $ref: "#/components/responses/Templates" } },
        callbacks: {
          changed: {
            "{$request.query.url}": {
              post: {
                requestBody: { content: { "application/json": { schema: string } } },
                responses: {
                  "200": {
                    description: "Taken.",
                    content: {
                      "application/json": {
                        schema: { type: "object", properties: { next: string } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
    // The same kind of thing, sent by the service.
    Changed: {
      post: {
        requestBody: { content: { "application/json": { schema: { $ref: `${schemas}/Tag` } } } },
        responses: { "200": { description: "Taken." } },
      },
    },
  }),
  set("#/components/securitySchemes/other", { type: "apiKey", in: "header", name: "x-other" }),
  set("#/paths/~1v2~1hooks", { $ref: "#/paths/~1v1~1hooks" }),
  set("#/webhooks", { changed: { $ref: "#/components/pathItems/Changed" } }),
  set("#/components/responses/Templates", {
    description: "Templates.",
    headers: { "X-Total": { required: true, schema: { type: "integer" } } },
    content: { "application/json": { schema: { type: "array", items: { minLength: 2 } } } },
  }),
])

/** Both files, and what the diff says of them. */
const diffOf = (old: Members, next: Members) =>
  Effect.gen(function* () {
    const directory = yield* folder
    const [oldPath, newPath] = [join(directory, "old.yaml"), join(directory, "new.yaml")]
    yield* write(oldPath, stringify(old))
    yield* write(newPath, stringify(next))
    return yield* ContractDiff.diff({ old: oldPath, new: newPath })
  }).pipe(Effect.scoped)

// -----------------------------------------------------------------------------
// What each change is rated
// -----------------------------------------------------------------------------

interface Case {
  readonly what: string
  readonly edit: Edit
  /** Where the change is told, when that is not where the edit was made. */
  readonly at?: string
  /** Direction, impact and rule of the change, and of the way back. */
  readonly there: ReadonlyArray<string>
  readonly back: ReadonlyArray<string>
}

const requests: ReadonlyArray<Case> = [
  {
    what: "a required property of a request",
    edit: push(`${schemas}/SendToPhoneRequest/required`, "webhookUrl"),
    there: ["request breaking required-properties-added"],
    back: ["request addition loosened"],
  },
  {
    what: "a stricter pattern of a request",
    edit: set(
      `${schemas}/SendToPhoneRequest/properties/phoneNumber/pattern`,
      String.raw`^\+[1-9][0-9]{7,14}$`,
    ),
    there: ["request breaking pattern-changed"],
    back: ["request breaking pattern-changed"],
  },
  {
    what: "the same pattern in other words",
    edit: set(
      `${schemas}/SendToPhoneRequest/properties/templateId/pattern`,
      "^[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$",
    ),
    there: ["request breaking pattern-changed"],
    back: ["request breaking pattern-changed"],
  },
  {
    what: "a property less of a request that takes no others",
    edit: remove(`${schemas}/SendToPhoneRequest/properties/messageBody`),
    there: ["request breaking property-removed"],
    back: ["request addition added-schema"],
  },
  {
    what: "another order of values",
    edit: set(`${schemas}/SendToPhoneRequest/properties/mood/enum`, ["calm", "glad"]),
    there: ["request harmless modified-schema"],
    back: ["request harmless modified-schema"],
  },
  {
    what: "a larger bound of a request",
    edit: set(`${operation}/parameters/0/schema/maxLength`, 10),
    there: ["request addition loosened"],
    back: ["request breaking schema-constraint-changed"],
  },
  {
    what: "a larger bound of what a request must not be",
    edit: set(`${schemas}/SendToPhoneRequest/properties/note/not/maxLength`, 4),
    there: ["request breaking negated-schema-changed"],
    back: ["request breaking negated-schema-changed"],
  },
  {
    what: "a header that a request must have",
    edit: set(`${operation}/parameters/1/required`, true),
    there: ["request breaking parameter-became-required"],
    back: [],
  },
  {
    what: "a media type less of a request",
    edit: remove(`${operation}/requestBody/content/text~1json`),
    there: ["request breaking media-type-removed"],
    back: ["request addition added-media-type"],
  },
  {
    what: "a request whose body may be missing",
    edit: set(`${operation}/requestBody/required`, false),
    there: ["request addition loosened"],
    back: ["request breaking request-body-became-required"],
  },
  {
    what: "an example of a request",
    edit: set(`${operation}/requestBody/content/${json}/examples/other`, { value: {} }),
    there: ["request harmless example-added"],
    back: ["request harmless example-removed"],
  },
  {
    what: "a property that no request has",
    edit: set(`${schemas}/SendToPhoneRequest/properties/id/pattern`, "^b$"),
    there: [],
    back: [],
  },
  {
    what: "a property of what holds itself",
    edit: set(`${schemas}/Tree/properties/leaf/minLength`, 1),
    there: ["request breaking schema-constraint-changed"],
    back: [],
  },
  {
    what: "a stricter pattern of a credential",
    edit: set("#/components/securitySchemes/apiKey/x-sent-pattern", "^[A-Za-z0-9]+$"),
    there: ["request breaking pattern-changed"],
    back: ["request breaking pattern-changed"],
  },
  {
    what: "no pattern of a credential",
    edit: remove("#/components/securitySchemes/senderId/x-sent-pattern"),
    at: "#/components/securitySchemes/senderId",
    there: ["request addition credential-pattern-removed"],
    back: [],
  },
  {
    what: "a pattern of a credential that had none",
    edit: set("#/components/securitySchemes/other/x-sent-pattern", "^a$"),
    there: ["request breaking credential-pattern-added"],
    back: [],
  },
  {
    what: "a path less",
    edit: remove("#/paths/~1v1~1gone"),
    there: ["request breaking path-removed"],
    back: ["request addition added-path-item"],
  },
  {
    what: "another server",
    edit: set("#/servers/0/url", "https://example.com"),
    there: ["request breaking server-removed"],
    back: ["request breaking server-removed"],
  },
  {
    what: "an operation less",
    edit: remove("#/paths/~1v1~1numbers/delete"),
    there: ["request breaking operation-removed"],
    back: ["request addition added-operation"],
  },
  {
    what: "a parameter of a shared path",
    edit: set("#/components/pathItems/Templates/get/parameters/0/required", true),
    there: ["request breaking parameter-became-required"],
    back: [],
  },
]

const answers: ReadonlyArray<Case> = [
  {
    what: "a status less, even of an error",
    edit: remove(`${operation}/responses/413`),
    there: ["response breaking response-removed"],
    back: ["response addition added-response"],
  },
  {
    what: "a header that may be missing",
    edit: set("#/components/headers/RetryAfter/required", false),
    there: ["response breaking response-header-optional"],
    back: ["response harmless response-header-required"],
  },
  {
    what: "a header less",
    edit: remove("#/components/responses/TooManyRequests/headers/X-RateLimit-Reset"),
    there: ["response breaking response-header-removed"],
    back: ["response addition added-header"],
  },
  {
    what: "an answer without a body",
    edit: set("#/components/responses/NotFound/x-sent-empty-body", true),
    there: ["response breaking response-body-optional"],
    back: [],
  },
  {
    what: "a property of an answer that may be missing",
    edit: set(`${schemas}/StatusCodeProblem/required`, ["statusCode", "errors"]),
    there: ["response breaking required-properties-removed"],
    back: ["response harmless modified-schema"],
  },
  {
    what: "a property less of an answer",
    edit: remove(`${schemas}/Problem/properties/detail`),
    there: ["response breaking property-removed"],
    back: ["response addition added-schema"],
  },
  {
    what: "a looser bound of an answer that a shared path has",
    edit: set(`#/components/responses/Templates/content/${json}/schema/items/minLength`, 1),
    there: ["response breaking schema-constraint-changed"],
    back: ["response harmless modified-schema"],
  },
  {
    what: "an example less of an answer",
    edit: remove(`#/components/responses/Forbidden/content/${json}/examples`),
    // Under the other media type it is still there, and so it is for a mock.
    there: [],
    back: [],
  },
  {
    what: "another value of an example",
    edit: set("#/components/examples/invalid-phone-number/value/detail", "No such number"),
    at: "#/components/examples/invalid-phone-number",
    there: ["response addition example-changed"],
    back: ["response addition example-changed"],
  },
  {
    what: "another header of an example",
    edit: set("#/components/examples/too-many-requests/x-sent-headers/Retry-After", "61"),
    at: "#/components/examples/too-many-requests",
    there: ["response addition example-changed"],
    back: ["response addition example-changed"],
  },
  {
    what: "other words on an example",
    edit: set("#/components/examples/forbidden/summary", "Not allowed"),
    there: ["response harmless modified-example"],
    back: ["response harmless modified-example"],
  },
]

const updates: ReadonlyArray<Case> = [
  {
    what: "a property of an update",
    edit: set(`${schemas}/MessageStatusPayload/properties/carrier`, string),
    there: ["update addition added-schema"],
    back: ["update breaking property-removed"],
  },
  {
    what: "a required property of an update",
    edit: push(`${schemas}/MessageStatusPayload/required`, "agent_id"),
    there: ["update harmless modified-schema"],
    back: ["update breaking required-properties-removed"],
  },
  {
    what: "a value in an update",
    edit: push(`${schemas}/MessageStatus/enum`, "EXPIRED"),
    there: ["update addition update-enum-value-added"],
    back: ["update harmless modified-schema"],
  },
  {
    what: "any value in an update",
    edit: remove(`${schemas}/LowerCaseMessageStatus/enum`),
    at: `${schemas}/LowerCaseMessageStatus`,
    there: ["update breaking enum-values-added"],
    back: [],
  },
  {
    what: "a looser pattern of an update",
    edit: set(`${schemas}/MessageEventName/pattern`, String.raw`^message\.[a-z0-9_]+$`),
    there: ["update breaking pattern-changed"],
    back: ["update breaking pattern-changed"],
  },
  {
    what: "another type of an update",
    edit: set(`${schemas}/MessageStatusPayload/properties/outbound_number/type`, [
      "string",
      "null",
    ]),
    there: ["update breaking schema-type-changed"],
    back: ["update harmless modified-schema"],
  },
  {
    what: "a form of an update",
    edit: push(`${schemas}/DeliveryStatusUpdate/anyOf`, {
      type: "object",
      required: ["other"],
      properties: { other: string },
    }),
    at: `${schemas}/DeliveryStatusUpdate/anyOf/3`,
    there: ["update addition update-form-added"],
    back: ["update harmless removed-schema"],
  },
  {
    what: "another name of a header of an update",
    edit: set("#/components/parameters/WebhookTimestamp/name", "webhook-timestamp"),
    there: ["update breaking update-header-renamed"],
    back: ["update breaking update-header-renamed"],
  },
  {
    what: "the same name in other letters",
    edit: set("#/components/parameters/WebhookSignature/name", "X-Webhook-Signature"),
    there: ["update harmless modified-parameter"],
    back: ["update harmless modified-parameter"],
  },
  {
    what: "an update's header that may be missing",
    edit: set("#/components/parameters/WebhookId/required", false),
    there: ["update breaking update-header-optional"],
    back: ["update harmless update-header-required"],
  },
  {
    what: "a header less of an update",
    edit: {
      at: `${update}/parameters`,
      to: (list) => (Array.isArray(list) ? list.slice(0, 3) : []),
    },
    at: `${update}/parameters/3`,
    there: ["update breaking update-header-removed"],
    back: ["update addition update-header-added"],
  },
  {
    what: "an update whose body may be missing",
    edit: set(`${update}/requestBody/required`, false),
    there: ["update breaking update-body-optional"],
    back: ["update harmless update-body-required"],
  },
  {
    what: "a media type of an update",
    edit: set(`${update}/requestBody/content/text~1plain`, { schema: string }),
    there: ["update breaking update-media-type-added"],
    back: ["update breaking media-type-removed"],
  },
  {
    what: "an example less of an update",
    edit: remove(`${update}/requestBody/content/${json}/examples/read`),
    at: "#/components/examples/read",
    there: ["update breaking example-removed"],
    back: ["update addition example-added"],
  },
  {
    what: "an answer less that a receiver may give",
    edit: remove(`${update}/responses/4XX`),
    there: ["update-response breaking response-removed"],
    back: ["update-response addition added-response"],
  },
  {
    what: "what a receiver must answer",
    edit: set(
      "#/components/pathItems/Templates/get/callbacks/changed/{$request.query.url}/post/responses/200/content/application~1json/schema/required",
      ["next"],
    ),
    there: ["update-response breaking required-properties-added"],
    back: [],
  },
  {
    what: "a webhook whose body is always there",
    edit: set("#/components/pathItems/Changed/post/requestBody/required", true),
    there: ["update harmless update-body-required"],
    back: [],
  },
  {
    what: "an answer less that a webhook's receiver may give",
    edit: remove("#/components/pathItems/Changed/post/responses/200"),
    there: ["update-response breaking response-removed"],
    back: ["update-response addition added-response"],
  },
  {
    what: "a callback less",
    edit: remove(`${hooks}/gone`),
    there: ["update breaking path-removed"],
    back: ["update addition added-callback"],
  },
  {
    what: "another place of a callback's URL",
    edit: {
      at: `${hooks}/moved`,
      to: (urls) => ({ "{$request.body#/other}": Object.values(urls ?? {})[0] ?? null }),
    },
    at: `${hooks}/moved/{$request.body#~1other}`,
    there: ["update breaking update-url-moved"],
    back: [],
  },
  {
    what: "no body of an update",
    edit: remove(`${hooks}/bodiless/{$request.body#~1url}/post/requestBody`),
    there: ["update breaking update-body-removed"],
    back: ["update addition added-request-body"],
  },
  {
    what: "no headers of an update",
    edit: remove(`${hooks}/headerless/{$request.body#~1url}/post/parameters`),
    there: ["update breaking update-header-removed"],
    back: ["update addition update-header-added"],
  },
  {
    what: "a description of an update",
    edit: set(`${schemas}/UpdateTimestamp/description`, "When."),
    there: ["update harmless modified-schema"],
    back: ["update harmless modified-schema"],
  },
]

const shared: ReadonlyArray<Case> = [
  {
    what: "a required property of a schema in every direction",
    edit: push(`${schemas}/Tag/required`, "size"),
    there: [
      "request breaking required-properties-added",
      "response harmless modified-schema",
      "update harmless modified-schema",
    ],
    back: [
      "request addition loosened",
      "response breaking required-properties-removed",
      "update breaking required-properties-removed",
    ],
  },
  {
    what: "a value of a schema in every direction",
    edit: push(`${schemas}/Tag/properties/colour/enum`, "blue"),
    there: [
      "request addition loosened",
      "response breaking enum-values-added",
      "update addition update-enum-value-added",
    ],
    back: [
      "request breaking enum-values-removed",
      "response harmless modified-schema",
      "update harmless modified-schema",
    ],
  },
  {
    what: "a pattern of a schema in every direction",
    edit: set(`${schemas}/Tag/properties/size/pattern`, "^[SMLX]$"),
    there: [
      "request breaking pattern-changed",
      "response breaking pattern-changed",
      "update breaking pattern-changed",
    ],
    back: [
      "request breaking pattern-changed",
      "response breaking pattern-changed",
      "update breaking pattern-changed",
    ],
  },
  {
    what: "a bound of a schema in every direction",
    edit: set(`${schemas}/Tag/properties/weight/maximum`, 8),
    there: [
      "request breaking schema-constraint-changed",
      "response harmless modified-schema",
      "update harmless modified-schema",
    ],
    back: [
      "request addition loosened",
      "response breaking schema-constraint-changed",
      "update breaking schema-constraint-changed",
    ],
  },
  {
    what: "a property less of a schema in every direction",
    edit: remove(`${schemas}/Tag/properties/depth`),
    there: [
      "request breaking property-removed",
      "response breaking property-removed",
      "update breaking property-removed",
    ],
    back: [
      "request addition added-schema",
      "response addition added-schema",
      "update addition added-schema",
    ],
  },
]

const played: ReadonlyArray<Case> = [
  {
    what: "a magic number less",
    edit: remove(`${scenarios}/forbidden`),
    there: ["mock breaking magic-number-removed"],
    back: ["mock addition magic-number-added"],
  },
  {
    what: "a magic number less, where all others play nothing",
    edit: remove("#/paths/~1v1~1hooks/post/x-sent-scenarios/only"),
    there: ["mock breaking magic-number-removed"],
    back: ["mock addition magic-number-added"],
  },
  {
    what: "what a number is answered",
    edit: set(`${scenarios}/bad-request/answers`, [{ status: 400, example: "invalid-json" }]),
    at: `${scenarios}/bad-request`,
    there: ["mock breaking magic-number-changed"],
    back: ["mock breaking magic-number-changed"],
  },
  {
    what: "when a number's updates come",
    edit: set(`${scenarios}/failed/updates/3/after`, 6),
    at: `${scenarios}/failed`,
    there: ["mock breaking magic-number-changed"],
    back: ["mock breaking magic-number-changed"],
  },
  {
    what: "which channel a number has",
    edit: set(`${scenarios}/read/channel`, "rcs"),
    at: `${scenarios}/read`,
    there: ["mock breaking magic-number-changed"],
    back: ["mock breaking magic-number-changed"],
  },
  {
    what: "what is said of a number",
    edit: set(`${scenarios}/never/summary`, "Accepted."),
    at: `${scenarios}/never`,
    there: ["mock harmless scenario-reworded"],
    back: ["mock harmless scenario-reworded"],
  },
  {
    what: "no longer what all others play",
    edit: remove(`${scenarios}/delivered/default`),
    // The findings name what they play now and, on the way back, this one.
    at: `${scenarios}/delivered`,
    there: [],
    back: ["mock breaking default-scenario-changed"],
  },
  {
    what: "what all others play",
    edit: set(`${scenarios}/rerouted/default`, true),
    at: `${scenarios}/rerouted`,
    there: ["mock breaking default-scenario-changed", "mock harmless scenario-reworded"],
    back: [],
  },
  {
    what: "a magic number less that plays what all others do",
    edit: remove(`${scenarios}/also-rerouted`),
    there: [],
    back: ["mock addition magic-number-added"],
  },
  {
    what: "what is said of the contract",
    edit: set("#/info/title", "Another"),
    there: ["document harmless modified-info"],
    back: ["document harmless modified-info"],
  },
]

/** Made in one document, so that they are one run of Redocly: one forwards, one backwards. */
const together = [...requests, ...answers, ...updates, ...shared, ...played]
const after = edited(
  before,
  together.map(({ edit }) => edit),
)
const there = Effect.runPromise(diffOf(before, after))
const back = Effect.runPromise(diffOf(after, before))

const rated = ({ direction, impact, rule }: ContractDiff.Change): string =>
  `${direction} ${impact} ${rule}`

const ratedAt = ({ changes }: ContractDiff.Difference, { at, edit }: Case): Array<string> =>
  changes.filter(({ pointer }) => pointer === (at ?? edit.at)).map(rated)

describe("a change of", () => {
  it.effect.each(together)("$what is rated in each direction", (one) =>
    Effect.gen(function* () {
      assert.sameMembers(ratedAt(yield* Effect.promise(() => there), one), [...one.there])
    }),
  )
  it.effect.each(together.filter((one) => one.back.length > 0))(
    "$what is rated in reverse",
    (one) =>
      Effect.gen(function* () {
        assert.sameMembers(ratedAt(yield* Effect.promise(() => back), one), [...one.back])
      }),
  )

  it.effect("has a message, from the rule that rated it", () =>
    Effect.gen(function* () {
      const { changes } = yield* Effect.promise(() => there)
      const said = (at: string) => {
        const found = changes.find(({ pointer }) => pointer === at)
        return [found?.decidedBy, found?.message]
      }
      assert.deepStrictEqual(said(`${schemas}/SendToPhoneRequest/required`), [
        "redocly",
        "Properties became required: `webhookUrl`.",
      ])
      assert.deepStrictEqual(said(`${schemas}/MessageStatusPayload/required`), [
        "redocly",
        '`required` of "payload" changed: with "agent_id"',
      ])
      assert.deepStrictEqual(said("#/components/headers/RetryAfter/required"), [
        "effect-sent",
        '`required` of "Retry-After" changed from true to false: it may now be missing',
      ])
      assert.deepStrictEqual(said(`${schemas}/DeliveryStatusUpdate/anyOf/3`), [
        "effect-sent",
        'schema "DeliveryStatusUpdate" was added: receivers may get a form that they do not know',
      ])
      assert.deepStrictEqual(said(`${scenarios}/forbidden`), [
        "effect-sent",
        "the scenario forbidden (+15005554030) was removed: its number plays the default scenario",
      ])
    }),
  )

  it.effect("a pattern shows both patterns in full, in each direction", () =>
    Effect.gen(function* () {
      const found = (yield* Effect.promise(() => there)).changes.filter(
        ({ rule }) => rule === "pattern-changed",
      )
      const ofPatterns = together.filter((change) =>
        change.there.some((one) => one.endsWith(" pattern-changed")),
      )
      assert.strictEqual(found.length, ofPatterns.flatMap((one) => one.there).length)
      for (const { edit } of ofPatterns) {
        const messages = found.filter(({ pointer }) => pointer === edit.at)
        assert.isNotEmpty(messages)
        const [old, next] = [before, after].map((document) => {
          const pattern = valueAt(document, keysOf(edit.at))
          return typeof pattern === "string" ? pattern : assert.fail(`no pattern at ${edit.at}`)
        })
        for (const { message } of messages) assert.include(message, ` from ${old} to ${next}: `)
      }
    }),
  )

  it.effect("nothing else is reported", () =>
    Effect.gen(function* () {
      const { changes } = yield* Effect.promise(() => there)
      const known = new Set(together.map(({ at, edit }) => at ?? edit.at))
      assert.deepStrictEqual(
        changes.filter(({ pointer }) => !known.has(pointer)),
        [],
      )
      // What breaks comes first.
      const runs = changes
        .map(({ impact }) => impact)
        .filter((impact, index) => impact !== changes[index - 1]?.impact)
      assert.deepStrictEqual(runs, ["breaking", "addition", "harmless"])
    }),
  )
})

// -----------------------------------------------------------------------------
// What the version says of it
// -----------------------------------------------------------------------------

const changeOf = (impact: ContractDiff.Impact): ContractDiff.Change => ({
  impact,
  direction: "update",
  rule: "some-rule",
  decidedBy: "effect-sent",
  message: "something changed",
  pointer: "#",
  source: { file: "new.yaml" },
})

describe("a version", () => {
  it.each<
    readonly [
      old: string | undefined,
      next: string | undefined,
      breaking: string,
      addition: string,
      harmless: string,
    ]
  >([
    ["1.0.0", "1.0.0", "error", "warning", "note"],
    ["1.0.0", "1.0.1", "error", "warning", "note"],
    ["1.0.0", "1.1.0", "error", "note", "note"],
    ["1.4.2", "2.0.0", "warning", "note", "note"],
    // A lower version is not a bump.
    ["2.0.0", "1.9.0", "error", "warning", "note"],
    // Below 1.0.0 each change requires one step less.
    ["0.3.0", "0.3.0", "error", "warning", "note"],
    ["0.3.0", "0.3.1", "error", "note", "note"],
    ["0.3.0", "0.4.0", "warning", "note", "note"],
    ["0.3.0", "1.0.0", "warning", "note", "note"],
    // A pre-release counts as its release.
    ["1.4.2", "2.0.0-rc.1", "warning", "note", "note"],
    ["2.0.0-rc.1", "2.0.0-rc.2", "warning", "note", "note"],
    ["2.0.0-rc.1", "2.0.0", "warning", "note", "note"],
    ["2.0.0-rc.1", "2.0.0-rc.1", "error", "warning", "note"],
    // Shorter forms.
    ["1", "2", "warning", "note", "note"],
    ["v1.0", "v1.1", "error", "note", "note"],
    // Not semantic versions.
    ["2024-10-31", "2025-01-01", "error", "warning", "note"],
    [undefined, "1.0.0", "error", "warning", "note"],
    ["1.0.0", undefined, "error", "warning", "note"],
  ])(
    "from %s to %s makes a breaking change an %s, an addition a %s and any other change a %s",
    (...row) => {
      const [old, next, breaking, addition, harmless] = row
      const report = ContractDiff.toReport({
        before: { name: "old.yaml", version: old },
        after: { name: "new.yaml", version: next },
        changes: [changeOf("harmless"), changeOf("breaking"), changeOf("addition")],
      })
      const severities = report.checks.flatMap(({ findings }) =>
        findings.map(({ severity }) => severity),
      )
      assert.deepStrictEqual(severities, [breaking, addition, harmless])
      assert.strictEqual(ContractReport.passed(report), breaking !== "error")
    },
  )
})

// -----------------------------------------------------------------------------
// Where the documents come from
// -----------------------------------------------------------------------------

const small = (version: string, ...required: ReadonlyArray<string>): string =>
  stringify({
    openapi: "3.1.0",
    info: { title: "Small", version },
    paths: {
      "/messages": {
        post: {
          requestBody: {
            content: { "application/json": { schema: { type: "object", required } } },
          },
          responses: { "204": { description: "Taken." } },
        },
      },
    },
  })

const inSeveralFiles = small("1.0.0").replace("type: object", "$ref: message.yaml")

/** The files of the only commit. */
const committed: Readonly<Record<string, string>> = {
  "api/contract.yaml": small("1.0.0"),
  "old/contract.yaml": inSeveralFiles,
  "old/message.yaml": "type: object\n",
  "new/contract.yaml": inSeveralFiles,
  "new/message.yaml": "type: object\nrequired: [to]\n",
  "bad/syntax.yaml": "a: [",
  "bad/list.yaml": "- 1",
  "bad/two.yaml": "swagger: '2.0'",
  "bad/lost.yaml": "openapi: 3.1.0\npaths: { /a: { $ref: '#/components/nothing' } }",
  "bad/far.yaml": "openapi: 3.1.0\npaths: { /a: { $ref: 'http://127.0.0.1:9/a.yaml' } }",
}

describe("the old contract", () => {
  let repository = ""
  const inRepository = (name: string): string => join(repository, name)

  beforeAll(async () => {
    repository = await mkdtemp(join(tmpdir(), "effect-sent-"))
    for (const [name, text] of Object.entries(committed)) {
      mkdirSync(dirname(inRepository(name)), { recursive: true })
      writeFileSync(inRepository(name), text)
    }
    const person = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", [...person, ...args], { cwd: repository })
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
  })

  afterAll(() => rm(repository, { recursive: true }))

  it.live("is the new one as of a git ref", () =>
    Effect.gen(function* () {
      const path = inRepository("api/contract.yaml")
      const text = small("1.1.0", "to")
      yield* write(path, text)
      const difference = yield* ContractDiff.diff({ old: "main", new: path })
      assert.strictEqual(difference.before.name, "main:api/contract.yaml")
      assert.deepStrictEqual(
        [
          difference.before.version,
          difference.after.version,
          difference.requiredBump,
          difference.actualBump,
        ],
        ["1.0.0", "1.1.0", "major", "minor"],
      )
      assert.deepStrictEqual(difference.changes.map(rated), [
        "request breaking required-properties-added",
      ])
      assert.isFalse(ContractReport.passed(difference.report))
      // At the keyword, in the file that is there.
      const lines = text.split("\n")
      const line = lines.findIndex((one) => one.includes("required:"))
      assert.deepStrictEqual(difference.changes[0]?.source, {
        file: path,
        line: line + 1,
        column: (lines[line]?.indexOf("required:") ?? 0) + 1,
      })
    }),
  )

  it.live("may have several files, and be a URL", () =>
    Effect.gen(function* () {
      const { changes } = yield* ContractDiff.diff({
        old: pathToFileURL(inRepository("old/contract.yaml")),
        new: pathToFileURL(inRepository("new/contract.yaml")),
      })
      assert.deepStrictEqual(changes.map(rated), ["request breaking required-properties-added"])
    }),
  )

  it.live.each<readonly [what: string, old: string, next: string, words: RegExp]>([
    [
      "neither a file nor a ref",
      "no-such-branch",
      "api/contract.yaml",
      /^no-such-branch is neither a file nor a git ref in /,
    ],
    ["an option of git", "--all", "api/contract.yaml", /is neither a file nor a git ref in/],
    ["a folder", tmpdir(), "api/contract.yaml", /is neither a file nor a git ref in/],
    [
      "missing at the ref by its own name",
      "main:api/later.yaml",
      "api/contract.yaml",
      /^main has no file api\/later.yaml/,
    ],
    // By its own name, from the root.
    [
      "not YAML in git",
      "main:bad/syntax.yaml",
      "api/contract.yaml",
      /^main:bad\/syntax.yaml:1:5 cannot be used: it is not YAML or JSON/,
    ],
  ])("fails when it is %s", ([, old, next, words]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(ContractDiff.diff({ old, new: inRepository(next) }))
      assert.match(message, words)
    }),
  )

  it.live.each<readonly [file: string, words: RegExp]>([
    ["bad/syntax.yaml", /syntax\.yaml:1:5 cannot be used: it is not YAML or JSON: /],
    [
      "bad/list.yaml",
      /list\.yaml cannot be used: it is not an object, so it is not an OpenAPI document/,
    ],
    ["bad/two.yaml", /two\.yaml:1:1 cannot be used: it is OpenAPI 2.0 \(Swagger\)/],
    [
      "bad/lost.yaml",
      /lost\.yaml:2:16 cannot be used: the reference to #\/components\/nothing cannot be followed/,
    ],
    [
      "bad/far.yaml",
      /far\.yaml:2:16 cannot be used: the reference to http:\S+ cannot be followed: it is on another host/,
    ],
  ])("fails for %s", ([file, words]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(
        ContractDiff.diff({ old: inRepository(file), new: Contract.bundledPath }),
      )
      assert.match(message, words)
    }),
  )

  it.live("fails for a git ref outside of a repository", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "contract.yaml")
      yield* write(path, small("1.0.0"))
      const { message } = yield* Effect.flip(ContractDiff.diff({ old: "main", new: path }))
      assert.match(
        message,
        /^main is not a file, and not a git ref either: .* is not in a git repository/,
      )
    }).pipe(Effect.scoped),
  )
})

describe("the new contract", () => {
  it.live("fails when it does not exist", () =>
    Effect.map(Effect.flip(ContractDiff.diff({ old: "main", new: "no/such.yaml" })), (error) => {
      assert.include(error.message, "no contract at")
    }),
  )

  it.live("defaults to the bundled contract", () =>
    Effect.gen(function* () {
      const difference = yield* ContractDiff.diff({ old: Contract.bundledPath })
      assert.deepStrictEqual(
        [difference.changes, difference.requiredBump, difference.actualBump],
        [[], "none", "none"],
      )
      assert.isTrue(ContractReport.passed(difference.report))
    }),
  )
})
