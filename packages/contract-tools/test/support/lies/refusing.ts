/** Servers that refuse what they should accept. */
import type { Lie, LiarRequest } from "../liar.ts"
import { json, has, text, type, is } from "./request.ts"

/** Refuses each request that matches. */
const refuses = (what: string, test: (request: LiarRequest) => boolean, check: string): Lie => ({
  name: `refuses ${what}`,
  server: "strict",
  answer: (request, { status }) =>
    status === 204 && test(request)
      ? {
          status: 400,
          headers: { "content-type": "application/json" },
          body: Buffer.from('{"status":400,"title":"Bad Request"}'),
        }
      : undefined,
  found: [check, "refused-valid"],
})

let seen = ""

export const strict: ReadonlyArray<Lie> = [
  refuses("seven digits", is("phoneNumber", /^\+\d{7}$/), "phoneNumber has 6 of [0-9]{6,14}"),
  refuses("fifteen digits", is("phoneNumber", /^\+\d{15}$/), "phoneNumber has 14 of [0-9]{6,14}"),
  refuses("capitals in a GUID", is("templateId", /^F/), 'templateId has "F" of [0-9a-fA-F]'),
  refuses(
    "a message without variables",
    (one) => !("messageBody" in json(one)) && text(one).startsWith('{"phoneNumber"'),
    "messageBody is absent",
  ),
  refuses(
    "no variables",
    has("messageBody", (value) => JSON.stringify(value) === "{}"),
    "messageBody is empty",
  ),
  refuses(
    "an empty variable",
    ({ body }) => body.includes('"effectSent":""'),
    "messageBody has an empty text",
  ),
  refuses(
    "a variable __proto__",
    ({ body }) => body.includes('"__proto__":"x"'),
    "messageBody has a member __proto__",
  ),
  refuses(
    "unusual names",
    ({ body }) => body.includes("order id.ß"),
    "messageBody has a member with an unusual name",
  ),
  refuses(
    "characters beyond ASCII",
    ({ body }) => body.includes("💬"),
    "messageBody has characters of all sorts",
  ),
  refuses(
    "long texts",
    ({ body }) => body.includes("a".repeat(5000)),
    "messageBody has a text of 5000 characters",
  ),
  refuses("http", is("webhookUrl", /^http:\/\/verify\.invalid:111\//), "webhookUrl has 0 of s?"),
  refuses("a port of five digits", is("webhookUrl", /:11111\//), "webhookUrl has 5 of [0-9]{1,5}"),
  refuses("2048 characters", is("webhookUrl", /^.{2048}$/), "webhookUrl has 2048 characters"),
  refuses(
    "chunks",
    ({ headers }) => "transfer-encoding" in headers,
    "the body is in chunks, without a content length",
  ),
  refuses(
    "a charset",
    type(/charset=utf-8/),
    "the content type is application/json; charset=utf-8",
  ),
  refuses(
    "a content type in capitals",
    type(/^APPLICATION/),
    "the content type is APPLICATION/JSON",
  ),
  refuses("white space", ({ body }) => body.includes("\n\t"), "the body has white space"),
  refuses("escapes", ({ body }) => body.includes("\\u0070"), "the body has escapes"),
  refuses(
    "another order of members",
    ({ body }) => body.includes('{"webhookUrl"'),
    "the members are in reverse order",
  ),
  refuses("loopback of IPv6", is("webhookUrl", /\[::1\]/), "webhookUrl is of the form \\[::1\\]"),
  refuses(
    "capitals in a sender",
    ({ headers }) => (headers["x-sender-id"] ?? "").startsWith("F"),
    'x-sender-id has "F" of [0-9a-fA-F]',
  ),
  refuses(
    "other characters in a key",
    ({ headers }) => (headers["x-api-key"] ?? "").includes("~"),
    'x-api-key has "~" of [\\x21-\\x7E]',
  ),
  refuses(
    "what it has had",
    (one) => {
      // The example comes twice in one case, and the same bytes in no other one after it.
      const isAgain = seen === text(one)
      seen = text(one)
      return isAgain
    },
    "the same request twice",
  ),
]
