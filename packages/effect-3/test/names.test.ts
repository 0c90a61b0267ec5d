/** Names, options, defaults, schemas and words are those of core. */
import * as Core from "@effect-sent/core"
import * as Own from "@effect-sent/effect-3"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as BigDecimal from "effect/BigDecimal"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as BigDecimal4 from "effect-4/BigDecimal"
import type * as DateTime4 from "effect-4/DateTime"
import * as Duration4 from "effect-4/Duration"
import * as Effect4 from "effect-4/Effect"
import * as FetchHttpClient4 from "effect-4/http/FetchHttpClient"
import * as Layer4 from "effect-4/Layer"
import type * as Redacted4 from "effect-4/Redacted"
import * as Schema4 from "effect-4/Schema"
import { assert, describe, expectTypeOf, it } from "vitest"
import { credentials } from "./support/sample.ts"

// -----------------------------------------------------------------------------
// Names
// -----------------------------------------------------------------------------

/** The members of core that this package leaves out, and its own, by module. */
const differences: Readonly<
  Record<string, { readonly without: ReadonlyArray<string>; readonly own: ReadonlyArray<string> }>
> = {
  BulkSender: { without: [], own: [] },
  DeliveryStatus: {
    // What all updates of a message say together.
    without: [
      "Step",
      "empty",
      "fromSteps",
      "join",
      "joinSteps",
      "maxAhead",
      "maxSteps",
      "reduce",
      "statusTable",
      "stepKey",
      "stepOf",
    ],
    own: [],
  },
  RetryPolicy: { without: ["sameKey"], own: [] },
  SendToPhone: { without: [], own: [] },
  SentClient: { without: ["readInput"], own: [] },
  SentCredentials: { without: ["ApiKey", "ProfileId", "SenderId"], own: [] },
  SentError: { without: ["Reason", "reasonTable"], own: [] },
  SentWebhook: { without: ["makeVerifier", "toNodeHandler"], own: ["toHttpApp"] },
  WebhookError: { without: [], own: [] },
}

const namesOf = (module: string, of: object): ReadonlyArray<string> =>
  Object.keys(Reflect.get(of, module) ?? {})

describe("the names of", () => {
  it("the modules are core's", () => {
    assert.deepStrictEqual(Object.keys(Own).toSorted(), Object.keys(differences))
  })

  it.each(Object.entries(differences))("%s are core's", (module, { own, without }) => {
    const expected = [...namesOf(module, Core).filter((name) => !without.includes(name)), ...own]
    assert.deepStrictEqual([...namesOf(module, Own)].toSorted(), expected.toSorted())
    for (const name of without) assert.include(namesOf(module, Core), name)
  })
})

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/** A type with the values of Effect 4 replaced by those of Effect 3. */
type Native<A> = A extends Duration4.Duration
  ? Duration.Duration
  : A extends DateTime4.Utc
    ? DateTime.Utc
    : A extends BigDecimal4.BigDecimal
      ? BigDecimal.BigDecimal
      : A extends Redacted4.Redacted<infer B>
        ? Redacted.Redacted<B>
        : A

type NativeFields<A> = { readonly [K in keyof A]: Native<A[K]> }

type CoreReasons = (typeof Core.SentError.Reason.members)[number]

/** The fields of each reason of core. */
type CoreFields = {
  [Class in CoreReasons as Class["Type"]["_tag"]]: NativeFields<
    Pick<Class["Type"], Exclude<keyof Class["fields"], "_tag"> & keyof Class["Type"]>
  >
}

/** What each reason of this package is made of. */
type OwnFields = {
  [Tag in Own.SentError.Reason["_tag"]]: ConstructorParameters<(typeof Own.SentError)[Tag]>[0]
}

describe("the types of", () => {
  it("the reasons have core's tags and fields", () => {
    expectTypeOf<Own.SentError.Reason["_tag"]>().toEqualTypeOf<Core.SentError.Reason["_tag"]>()
    // It has no fields.
    type Others = Exclude<keyof CoreFields, "MessageNotFound">
    expectTypeOf<Pick<OwnFields, Others>>().toEqualTypeOf<Pick<CoreFields, Others>>()
  })

  it("the options have core's names", () => {
    expectTypeOf<keyof Own.SentClient.Options>().toEqualTypeOf<
      Exclude<keyof Core.SentClient.Options, "rateLimit" | "circuitBreak">
    >()
    expectTypeOf<keyof Own.SentClient.SendOptions>().toEqualTypeOf<
      Exclude<keyof Core.SentClient.SendOptions, "idempotencyKey">
    >()
    expectTypeOf<keyof Own.RetryPolicy.Options>().toEqualTypeOf<
      Exclude<keyof Core.RetryPolicy.Options, "sameKey">
    >()
    expectTypeOf<keyof Own.BulkSender.Options>().toEqualTypeOf<keyof Core.BulkSender.Options>()
    expectTypeOf<keyof Own.SentWebhook.ReceiverOptions>().toEqualTypeOf<
      Exclude<keyof Core.SentWebhook.ReceiverOptions, "store">
    >()
    expectTypeOf<keyof Own.SentCredentials.RotatingOptions>().toEqualTypeOf<
      keyof Core.SentCredentials.RotatingOptions
    >()
    expectTypeOf<keyof Own.SentCredentials.CredentialsInput>().toEqualTypeOf<
      keyof Core.SentCredentials.CredentialsInput
    >()
  })

  it("inputs, receipts and events are core's", () => {
    expectTypeOf<Own.SendToPhone.Input>().toEqualTypeOf<Core.SendToPhone.Input>()
    expectTypeOf<Own.SendToPhone.SendReceipt>().toEqualTypeOf<
      NativeFields<Pick<Core.SendToPhone.SendReceipt, "acceptedAt" | "attempts" | "status">>
    >()
    type Events = Core.DeliveryStatus.DeliveryEvent
    type NativeEvent<Tag> = NativeFields<Extract<Events, { readonly _tag: Tag }>>
    expectTypeOf<Own.DeliveryStatus.MessageStatusEvent>().toEqualTypeOf<
      NativeEvent<"MessageStatus">
    >()
    expectTypeOf<Own.DeliveryStatus.MessageReceivedEvent>().toEqualTypeOf<
      NativeEvent<"MessageReceived">
    >()
    expectTypeOf<Own.DeliveryStatus.TemplateStatusEvent>().toEqualTypeOf<
      NativeEvent<"TemplateStatus">
    >()
    expectTypeOf<Own.DeliveryStatus.UnknownEvent>().toEqualTypeOf<NativeEvent<"Unknown">>()
    expectTypeOf<Own.BulkSender.Summary>().toEqualTypeOf<Core.BulkSender.Summary>()
  })
})

// -----------------------------------------------------------------------------
// Reasons
// -----------------------------------------------------------------------------

/** Each reason, with every field that it has. */
const reasons: { readonly [Tag in Own.SentError.Reason["_tag"]]: Own.SentError.Reason } = {
  InvalidRequest: new Own.SentError.InvalidRequest({
    issues: [{ path: ["a", "b"], message: "is wrong" }],
  }),
  InvalidOptions: new Own.SentError.InvalidOptions({
    issues: [{ path: [], message: "are wrong" }],
  }),
  CredentialsUnavailable: new Own.SentError.CredentialsUnavailable({ description: "none" }),
  CircuitOpen: new Own.SentError.CircuitOpen({ retryAfter: Duration.seconds(5) }),
  ValidationFailed: new Own.SentError.ValidationFailed({
    fieldErrors: { phoneNumber: ["is wrong"] },
  }),
  InvalidPhoneNumber: new Own.SentError.InvalidPhoneNumber({ code: "VALIDATION_002" }),
  TemplateNotFound: new Own.SentError.TemplateNotFound({ code: "RESOURCE_002" }),
  InsufficientBalance: new Own.SentError.InsufficientBalance({ code: "BUSINESS_003" }),
  RequestRejected: new Own.SentError.RequestRejected({
    status: 415,
    code: "X",
    detail: "no",
    foreign: "page",
  }),
  CredentialsRejected: new Own.SentError.CredentialsRejected({
    header: "x-api-key",
    code: "X",
    detail: "no",
  }),
  AccessDenied: new Own.SentError.AccessDenied({ code: "X", detail: "no", foreign: "other" }),
  EndpointNotFound: new Own.SentError.EndpointNotFound({
    url: "https://example.com",
    code: "X",
    detail: "no",
  }),
  MessageNotFound: new Own.SentError.MessageNotFound(),
  KeyConflict: new Own.SentError.KeyConflict({
    retryAfter: Duration.millis(1),
    code: "X",
    detail: "no",
  }),
  RateLimited: new Own.SentError.RateLimited({
    retryAfter: Duration.minutes(1),
    limit: 1,
    remaining: 0,
  }),
  ServiceOverloaded: new Own.SentError.ServiceOverloaded({
    retryAfter: Duration.seconds(1),
    code: "X",
    detail: "no",
  }),
  ServerFailed: new Own.SentError.ServerFailed({ status: 502, code: "X", detail: "no" }),
  UnexpectedResponse: new Own.SentError.UnexpectedResponse({
    status: 302,
    code: "X",
    detail: "no",
  }),
  ConnectionFailed: new Own.SentError.ConnectionFailed({
    stage: "connect",
    code: "ECONNREFUSED",
    host: "h",
    port: 1,
  }),
  ConnectionLost: new Own.SentError.ConnectionLost({ code: "ECONNRESET" }),
  TimedOut: new Own.SentError.TimedOut({ stage: "in-flight", after: Duration.seconds(30) }),
  RequestRepeated: new Own.SentError.RequestRepeated({ how: "again" }),
}

const coreClasses = new Map(
  Core.SentError.Reason.members.map((member) => [member.fields._tag.schema.literal, member]),
)

describe("a reason", () => {
  it("of each tag of core is there", () => {
    assert.deepStrictEqual(Object.keys(reasons).toSorted(), [...coreClasses.keys()].toSorted())
  })

  it.each(Object.entries(reasons))(
    "%s has core's fields, and says what core says",
    (tag, reason) => {
      const Class = coreClasses.get(reason._tag)
      assert.strictEqual(reason._tag, tag)
      const given = new Set(Object.keys(reason))
      const known = Object.keys(Class?.fields ?? {}).filter((name) => name !== "_tag")
      assert.deepStrictEqual(
        known.filter((name) => !given.has(name)),
        // Values of Effect, of which the types are compared above.
        known.filter((name) => ["balance", "estimatedCost", "resetAt"].includes(name)),
      )
      const error = new Own.SentError.SentError({ reason, attempts: 1 })
      assert.include(error.message, reason.message)
      assert.property(Core.SentError.reasonTable, reason._tag)
      assert.include(["not-sent", "unknown"], error.delivery)
    },
  )
})

// -----------------------------------------------------------------------------
// Defaults
// -----------------------------------------------------------------------------

describe("the defaults of", () => {
  it.each(["notSent", "none", "atLeastOnce"] as const)("RetryPolicy.%s are core's", (name) => {
    const { atLeastOnce, budget, issues, maxRetryAfter, times } = Own.RetryPolicy[name]
    const core = Core.RetryPolicy[name]
    assert.deepStrictEqual(
      { atLeastOnce, budget, issues, times, millis: Duration.toMillis(maxRetryAfter) },
      {
        atLeastOnce: core.atLeastOnce,
        budget: core.budget,
        issues: core.issues,
        times: core.times,
        millis: Duration4.toMillis(core.maxRetryAfter),
      },
    )
  })
})

// -----------------------------------------------------------------------------
// Words
// -----------------------------------------------------------------------------

/** What is wrong with options and inputs, as JavaScript may give them. */
const wrongOptions: ReadonlyArray<unknown> = [
  5,
  null,
  { baseUrl: "http://example.com" },
  { baseUrl: "not a URL", allowPlainHttp: "yes" },
  { timeout: -1, deadline: Number.NaN },
  { timeout: "soon", retry: 3 },
  { retryPolicy: {} },
  { retryPolicy: "none" },
  { dangerouslyAllowBrowser: 1 },
]

const wrongInputs: ReadonlyArray<unknown> = [
  undefined,
  [],
  {},
  { phoneNumber: 15_005_552_041, templateId: "x" },
  { phoneNumber: "0049123456789", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" },
  {
    phoneNumber: "+1234567890",
    templateId: "",
    messageBody: { a: 1 },
    webhookUrl: "ftp://x",
    more: 1,
  },
]

const wrongCredentials: ReadonlyArray<unknown> = [
  null,
  {},
  { senderId: "me", apiKey: " key" },
  { senderId: credentials.senderId, apiKey: "a b" },
  { apiKey: "key" },
]

const ownMessage = <A>(effect: Effect.Effect<A, { readonly message: string }>): string =>
  Effect.runSync(Effect.match(effect, { onSuccess: () => "", onFailure: ({ message }) => message }))

const coreMessage = <A>(effect: Effect4.Effect<A, { readonly message: string }>): string =>
  Effect4.runSync(
    Effect4.match(effect, { onSuccess: () => "", onFailure: ({ message }) => message }),
  )

const ownLayer = (given: unknown, options: unknown) =>
  // oxlint-disable typescript/no-unsafe-type-assertion -- wrong, as in JavaScript
  Own.SentClient.layer(options as never).pipe(
    Layer.provide(Own.SentCredentials.layer(given as never)),
    Layer.provide(FetchHttpClient.layer),
  )

const coreLayer = (given: unknown, options: unknown) =>
  Core.SentClient.layer(options as never).pipe(
    Layer4.provide(Core.SentCredentials.layer(given as never)),
    Layer4.provide(FetchHttpClient4.layer),
  )
// oxlint-enable typescript/no-unsafe-type-assertion

describe("the words about", () => {
  it.each(wrongOptions.map((options) => [JSON.stringify(options), options]))(
    "options %s are core's",
    (_, options) => {
      const own = ownMessage(Effect.scoped(Layer.build(ownLayer(credentials, options))))
      const core = coreMessage(Effect4.scoped(Layer4.build(coreLayer(credentials, options))))
      assert.isNotEmpty(core)
      assert.strictEqual(own, core)
    },
  )

  it.each(wrongInputs.map((input) => [JSON.stringify(input) ?? "undefined", input]))(
    "input %s are core's",
    (_, input) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong, as in JavaScript
      const sent = Own.SentClient.sendToPhone(input as never)
      const own = ownMessage(Effect.provide(sent, ownLayer(credentials, {})))
      const core = coreMessage(Core.SentClient.readInput(input))
      assert.isNotEmpty(core)
      assert.strictEqual(own, core)
    },
  )

  it.each(wrongCredentials.map((given) => [JSON.stringify(given), given]))(
    "credentials %s are core's",
    (_, given) => {
      const own = ownMessage(Effect.scoped(Layer.build(ownLayer(given, {}))))
      const core = coreMessage(Effect4.scoped(Layer4.build(coreLayer(given, {}))))
      assert.isNotEmpty(core)
      assert.strictEqual(own, core)
    },
  )
})

// -----------------------------------------------------------------------------
// Schemas
// -----------------------------------------------------------------------------

const values: ReadonlyArray<unknown> = [
  "+1234567890",
  "+0234567890",
  "+123456",
  "+1234567890123456",
  "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  "7BA7B820-9DAD-11D1-80B4-00C04FD430C8",
  "7ba7b820",
  "https://example.com/a?b=c",
  "https://example.com/ä",
  "https://user@example.com/",
  `https://example.com/${"a".repeat(2048)}`,
  "DELIVERED",
  "delivered",
  "",
  1,
  null,
]

const request = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }

const requests: ReadonlyArray<unknown> = [
  request,
  { ...request, messageBody: {} },
  { ...request, messageBody: { a: "b" }, webhookUrl: "https://example.com" },
  { ...request, messageBody: { a: 1 } },
  { ...request, more: 1 },
  { phoneNumber: request.phoneNumber },
  null,
]

const bodies: ReadonlyArray<unknown> = [
  { field: "messages", payload: { message_id: "a", message_status: "SENT" } },
  { payload: { message_id: 1, message_status: "SENT", channel: null } },
  { field: "weather", payload: { message_id: 1, message_status: "SENT" } },
  { field: "message", sub_type: "message.received", payload: { from: "+1234567890" } },
  { field: "message", payload: {} },
  { field: "templates", payload: { template_id: "a", status: "APPROVED" } },
  { field: "templates", payload: { template_id: 1, status: "APPROVED" } },
  {},
]

const pairs: ReadonlyArray<
  readonly [
    name: string,
    own: (value: unknown) => boolean,
    core: (value: unknown) => boolean,
    values: ReadonlyArray<unknown>,
  ]
> = [
  [
    "PhoneNumber",
    Schema.is(Own.SendToPhone.PhoneNumber),
    Schema4.is(Core.SendToPhone.PhoneNumber),
    values,
  ],
  [
    "TemplateId",
    Schema.is(Own.SendToPhone.TemplateId),
    Schema4.is(Core.SendToPhone.TemplateId),
    values,
  ],
  [
    "WebhookUrl",
    Schema.is(Own.SendToPhone.WebhookUrl),
    Schema4.is(Core.SendToPhone.WebhookUrl),
    values,
  ],
  [
    "MessageStatus",
    Schema.is(Own.DeliveryStatus.MessageStatus),
    Schema4.is(Core.DeliveryStatus.MessageStatus),
    values,
  ],
  [
    "KnownMessageStatus",
    Schema.is(Own.DeliveryStatus.KnownMessageStatus),
    Schema4.is(Core.DeliveryStatus.KnownMessageStatus),
    [...values, ...Object.keys(Core.DeliveryStatus.statusTable)],
  ],
  [
    "MessageStatusBody",
    Schema.is(Own.DeliveryStatus.MessageStatusBody),
    Schema4.is(Core.DeliveryStatus.MessageStatusBody),
    bodies,
  ],
  [
    "MessageReceivedBody",
    Schema.is(Own.DeliveryStatus.MessageReceivedBody),
    Schema4.is(Core.DeliveryStatus.MessageReceivedBody),
    bodies,
  ],
  [
    "TemplateStatusBody",
    Schema.is(Own.DeliveryStatus.TemplateStatusBody),
    Schema4.is(Core.DeliveryStatus.TemplateStatusBody),
    bodies,
  ],
  [
    "SendToPhoneRequest",
    Schema.is(Own.SendToPhone.SendToPhoneRequest),
    (value) => Effect4.runSyncExit(Core.SentClient.readInput(value))._tag === "Success",
    requests,
  ],
]

const fieldsOf = (schema: { readonly fields: object }) => Object.keys(schema.fields)

describe("the schema", () => {
  it.each(pairs)("%s accepts what core's accepts", (_, own, core, all) => {
    for (const value of all) assert.strictEqual(own(value), core(value), JSON.stringify(value))
    assert.isTrue(all.some(core))
    assert.isFalse(all.every(core))
  })

  it("refuses in core's words", () => {
    const decoded = Schema.decodeUnknownEither(Own.SendToPhone.SendToPhoneRequest)({
      ...request,
      phoneNumber: "12",
    })
    assert.include(String(decoded), "must be an E.164 phone number: + and 7 to 15 digits")
  })

  it("has the fields of core's", () => {
    for (const name of [
      "MessageStatusBody",
      "MessageReceivedBody",
      "TemplateStatusBody",
    ] as const) {
      const own = Own.DeliveryStatus[name]
      const core = Core.DeliveryStatus[name]
      assert.deepStrictEqual(fieldsOf(own), fieldsOf(core))
      assert.deepStrictEqual(fieldsOf(own.fields.payload), fieldsOf(core.fields.payload))
    }
    assert.deepStrictEqual(
      fieldsOf(Own.SendToPhone.SendToPhoneRequest),
      fieldsOf(Core.SendToPhone.SendToPhoneRequest),
    )
  })
})
