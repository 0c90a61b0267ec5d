/** A body that violates the contract is answered with the field errors, in the form that the contract declares. */
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { contractChecker, jsonOf, post, sample } from "./support/calls.ts"

type Errors = Readonly<Record<string, ReadonlyArray<string>>>

const rows: ReadonlyArray<readonly [title: string, body: unknown, errors: Errors]> = [
  [
    "an empty object",
    {},
    { phoneNumber: ["Phone number is required"], templateId: ["TemplateId is required"] },
  ],
  ["no template", { phoneNumber: "+1234567890" }, { templateId: ["TemplateId is required"] }],
  [
    "a phone number without a plus sign",
    { ...sample, phoneNumber: "1234567890" },
    { phoneNumber: [String.raw`Must match the pattern ^\+[1-9][0-9]{6,14}$`] },
  ],
  [
    "a phone number that is a number",
    { ...sample, phoneNumber: 1_234_567_890 },
    { phoneNumber: ["Must be a string"] },
  ],
  [
    "a template id that is not a GUID",
    { ...sample, templateId: "x" },
    { templateId: ["Must be a valid uuid"] },
  ],
  [
    "a template id that only lenient validators accept",
    { ...sample, templateId: `urn:uuid:${sample.templateId}` },
    {
      templateId: [
        "Must match the pattern ^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
      ],
    },
  ],
  ["a null", { ...sample, templateId: null }, { templateId: ["Must be a string"] }],
  [
    "template variables that are not strings",
    { ...sample, messageBody: { name: 1, "a.b": null, "a/b~c": [], "": {} } },
    {
      "messageBody.name": ["Must be a string"],
      'messageBody["a.b"]': ["Must be a string"],
      'messageBody["a/b~c"]': ["Must be a string"],
      // Prism omits an empty name from the path.
      messageBody: ["Must be a string"],
    },
  ],
  [
    "template variables that are a list",
    { ...sample, messageBody: [] },
    { messageBody: ["Must be an object"] },
  ],
  [
    "a relative webhook URL",
    { ...sample, webhookUrl: "/hook" },
    { webhookUrl: ["Must be a valid uri"] },
  ],
  [
    "a webhook URL that is too long",
    { ...sample, webhookUrl: `https://example.com/${"a".repeat(2048)}` },
    { webhookUrl: ["Must NOT have more than 2048 characters"] },
  ],
  [
    "unknown fields",
    { ...sample, channel: "sms", constructor: "x" },
    { channel: ["Unknown field"], constructor: ["Unknown field"] },
  ],
  [
    "a field with a name that is special in JavaScript",
    `{"__proto__":{"admin":true},"phoneNumber":"+1234567890","templateId":"${sample.templateId}"}`,
    { ["__proto__"]: ["Unknown field"] },
  ],
  [
    "several errors",
    { phoneNumber: "", templateId: 7, messageBody: "John" },
    {
      phoneNumber: [String.raw`Must match the pattern ^\+[1-9][0-9]{6,14}$`],
      templateId: ["Must be a string"],
      messageBody: ["Must be an object"],
    },
  ],
  ...(["null", "true", "1", '"text"', "[]"] as const).map(
    (body) => [`${body} instead of an object`, body, { $: ["Must be an object"] }] as const,
  ),
]

layer(MockServer.layer())("a body with", (it) => {
  it.effect.each(rows)("%s is told so", ([, body, errors]) =>
    Effect.gen(function* () {
      const answer = yield* post(yield* MockServer.MockServer, body)
      assert.strictEqual(answer.status, 400)
      assert.deepStrictEqual(JSON.parse(answer.body), {
        type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        title: "One or more validation errors occurred",
        status: 400,
        errors,
      })
      const conforms = yield* contractChecker
      conforms(400, jsonOf(answer))
    }),
  )
})
