import { describe, expect, it } from "vitest"
import { contract } from "./support/contract.ts"
import { at, textOf } from "../../src/internal/document/json.ts"
import type { Json, JsonObject } from "../../src/internal/document/json.ts"
import { problemsOf } from "./support/validate.ts"
const schema = "#/components/schemas/SendToPhoneRequest"

const sample: JsonObject = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
}

const accepts = (field: string, value: Json): boolean =>
  problemsOf(schema, { ...sample, [field]: value }).length === 0

describe("A request", () => {
  it("needs no more than a number and a template", () => {
    expect(problemsOf(schema, sample)).toEqual([])
  })

  it.for<readonly [string, Json]>([
    ["no number", { templateId: sample["templateId"] ?? null }],
    ["no template", { phoneNumber: "+1234567890" }],
    ["nothing", {}],
    ["an unknown field", { ...sample, channel: "sms" }],
    ["a field in other letter case", { ...sample, WebhookUrl: "https://example.com" }],
    ["a list", [sample]],
    ["null", null],
  ])("is refused with %s", ([, body]) => {
    expect(problemsOf(schema, body)).not.toEqual([])
  })
})

describe("A phone number", () => {
  it.for(["+1234567890", "+15005550006", "+1234567", "+123456789012345", "+4917012345678"])(
    "may be %s",
    (number) => {
      expect(accepts("phoneNumber", number)).toBe(true)
    },
  )

  it.for<Json>([
    "",
    "+",
    "1234567890",
    "001234567890",
    "+0123456789",
    "+123456",
    "+1234567890123456",
    "+1 234 567 890",
    "+1-234-567-890",
    "+1(234)567890",
    " +1234567890",
    "+1234567890 ",
    "+1234567890\n",
    "+1234567890;ext=1",
    "tel:+1234567890",
    "++1234567890",
    "＋1234567890",
    "+١٢٣٤٥٦٧٨٩٠",
    1_234_567_890,
    null,
    ["+1234567890"],
  ])("may not be %j", (number) => {
    expect(accepts("phoneNumber", number)).toBe(false)
  })
})

describe("A template id", () => {
  it.for([
    "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    "7BA7B820-9DAD-11D1-80B4-00C04FD430C8",
    "7Ba7b820-9dAD-11d1-80b4-00c04fd430C8",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0190163d-8694-739b-aea5-966c26f8ad91",
  ])("may be %s", (id) => {
    expect(accepts("templateId", id)).toBe(true)
  })

  it.for<Json>([
    "",
    "welcome",
    "7ba7b8209dad11d180b400c04fd430c8",
    "{7ba7b820-9dad-11d1-80b4-00c04fd430c8}",
    "urn:uuid:7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    "7ba7b820-9dad-11d1-80b4-00c04fd430c",
    "7ba7b820-9dad-11d1-80b4-00c04fd430c89",
    "7ba7b820-9dad-11d1-80b4-00c04fd430cg",
    "7ba7b820–9dad–11d1–80b4–00c04fd430c8",
    " 7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    "7ba7b820-9dad-11d1-80b4-00c04fd430c8\n",
    12,
    null,
  ])("may not be %j", (id) => {
    expect(accepts("templateId", id)).toBe(false)
  })
})

describe("A message body", () => {
  it.for<Json>([{}, { name: "John Doe", order_id: "12345" }, { "": "" }, { "naïve 🙂": "<b>\n" }])(
    "may be %j",
    (body) => {
      expect(accepts("messageBody", body)).toBe(true)
    },
  )

  it.for<Json>([
    { order_id: 12_345 },
    { paid: true },
    { name: null },
    { name: ["John", "Doe"] },
    { name: { first: "John" } },
    ["John"],
    "John",
    null,
  ])("may not be %j", (body) => {
    expect(accepts("messageBody", body)).toBe(false)
  })
})

/** Whether a URL parser finds in it http or https, and nothing that a receiver never sees. */
const isPlain = (url: string): boolean => {
  const { protocol, username, password, hash } = new URL(url)
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === ""
}

describe("A webhook URL", () => {
  it.for([
    "https://example.com/webhook/message-status",
    "http://localhost:8080",
    "http://127.0.0.1:8080/hook",
    "http://[::1]:8080/hook",
    "https://example.com?token=a%20b&x=1",
    "https://example.com/a/../b;v=1,2/~me/(x)'!*@:$&+=",
    "https://hooks.internal_net.example:443/",
    "https://xn--bcher-kva.example/",
    `https://example.com/${"a".repeat(2028)}`,
  ])("may be %s", (url) => {
    expect(accepts("webhookUrl", url)).toBe(true)
  })

  it.for<Json>([
    "",
    "/webhook",
    "example.com/webhook",
    "//example.com/webhook",
    "ftp://example.com/webhook",
    "javascript:1",
    "mailto:someone@example.com",
    "https:example.com",
    "https://",
    "https:///webhook",
    "https://:443/",
    "https://example.com:/",
    "https://example.com:123456/",
    "https://example.com:http/",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://example.com/#fragment",
    "https://example.com#",
    "https://example.com/a b",
    "https://example.com/a\tb",
    "https://example.com/\n",
    "https://example.com\n",
    " https://example.com",
    "https://example.com/%",
    "https://example.com/%4",
    "https://example.com/%zz",
    String.raw`https://example.com\@evil.example/`,
    "https://example.com/<script>",
    'https://example.com/"',
    "https://example.com/{id}",
    "https://example.com/[1]",
    "https://exa mple.com/",
    "https://-example.com/",
    "https://example.com./",
    "https://bücher.example/",
    "https://example.com/ü",
    "https://[::2]/",
    "https://[::1/",
    `https://example.com/${"a".repeat(2029)}`,
    null,
    12,
  ])("may not be %j", (url) => {
    expect(accepts("webhookUrl", url)).toBe(false)
  })

  // Prism enforces pattern and format, others only one of them: they must not disagree about what
  // the pattern lets through, nor may a URL parser find in it what a receiver never sees.
  it("that the pattern accepts is a URI without user info or fragment, whatever character is where", () => {
    const pattern = new RegExp(textOf(at(contract, `${schema}/properties/webhookUrl/pattern`)), "u")
    const places = [
      "http$://a",
      "http://$",
      "http://a$",
      "http://a$b",
      "http://[$::1]",
      "http://a:$",
    ]
    const later = ["http://a/$", "http://a/b$c", "http://a?$", "http://a/?b$c", "http://a/%$1"]
    const ascii = Array.from({ length: 0x3_00 }, (_, code) => String.fromCodePoint(code))
    const beyond = ["\u2028", "\uFEFF", "\uFF0F", "\u3002", "\uD800", "🙂", "%2F", "%40"]
    const accepted = [...places, ...later].flatMap((place) =>
      [...ascii, ...beyond]
        .map((character) => place.replace("$", () => character))
        .filter((url) => pattern.test(url)),
    )
    // Far more than none and far less than all: the sweep looked at something.
    expect(accepted.length).toBeGreaterThan(400)
    expect(accepted.filter((url) => !accepts("webhookUrl", url) || !isPlain(url))).toEqual([])
  })
})
