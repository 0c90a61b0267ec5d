/** Servers that accept what they should refuse. */
import type { Lie, LiarRequest } from "../liar.ts"
import { json, member, withMembers, has, text, type } from "./request.ts"

const phone = "+9998681178010"
const template = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"
const url = "https://verify.invalid/"

/** Takes each value of a member that matches for a valid one. */
const takes = (name: string, what: string, pattern: RegExp, valid: string, check: string): Lie => ({
  name: `takes ${name} ${what}`,
  server: "lax",
  rewrite: (request) =>
    pattern.test(member(request, name)) ? withMembers(request, { [name]: valid }) : undefined,
  found: [`${name} ${check}`, "accepted-invalid"],
})

/** Takes each body that matches for a valid one. */
const takesBody = (what: string, test: (request: LiarRequest) => boolean, check: string): Lie => ({
  name: `takes ${what}`,
  server: "lax",
  rewrite: (request) =>
    test(request)
      ? { body: Buffer.from(JSON.stringify({ phoneNumber: phone, templateId: template })) }
      : undefined,
  found: [check, "accepted-invalid"],
})

/** A server that repairs a body before it reads it. */
const repairs = (
  what: string,
  pattern: RegExp,
  by: string,
  check: string,
  server = "lax",
): Lie => ({
  name: `reads ${what}`,
  server,
  rewrite: (request) =>
    pattern.test(text(request))
      ? { body: Buffer.from(text(request).replace(pattern, by), "latin1") }
      : undefined,
  found: [check, "accepted-invalid"],
})

/** A server that does not look at a header. */
const ignores = (
  what: string,
  test: (request: LiarRequest) => boolean,
  headers: Readonly<Record<string, string>>,
  check: string,
): Lie => ({
  name: `ignores ${what}`,
  server: "lax",
  rewrite: (request) =>
    test(request) ? { headers: { ...request.headers, ...headers } } : undefined,
  found: [check, "accepted-invalid"],
})

const asJson = { "content-type": "application/json" }
const sender = "00000000-0000-4000-8000-000000000000"
const senderIs = (pattern: RegExp) => (request: LiarRequest) =>
  "x-api-key" in request.headers && pattern.test(request.headers["x-sender-id"] ?? "missing")
const keyIs = (pattern: RegExp) => (request: LiarRequest) =>
  "x-sender-id" in request.headers && pattern.test(request.headers["x-api-key"] ?? "missing")

export const lax: ReadonlyArray<Lie> = [
  takes("phoneNumber", "+0…", /^\+0\d+$/, phone, 'has "0", which is not in [1-9]'),
  takes("phoneNumber", "of 16 digits", /^\+[1-9]\d{15}$/, phone, "has 15 of [0-9]{6,14}"),
  takes("phoneNumber", "of 6 digits", /^\+[1-9]\d{5}$/, phone, "has 5 of [0-9]{6,14}"),
  takes("phoneNumber", "without plus", /^\d+$/, phone, 'lacks a "+"'),
  takes("phoneNumber", "with two", /^\+\+\d+$/, phone, 'has "+" twice'),
  takes("phoneNumber", "after a space", /^ \+\d+$/, phone, "starts with a space"),
  takes("phoneNumber", "before a space", /^\+\d+ $/, phone, "ends with a space"),
  takes("phoneNumber", "before a line break", /^\+\d+\n$/, phone, "ends with a line break"),
  takes("phoneNumber", "with a hyphen", /^\+\d+-\d+$/, phone, "has a hyphen in the middle"),
  takes("phoneNumber", "with a letter", /^\+\d+g\d+$/, phone, "has a letter in the middle"),
  takes("phoneNumber", "in parentheses", /^\(\+\d+\)$/, phone, "is in parentheses"),
  takes("phoneNumber", "in other digits", /^\+[０-９]+$/, phone, "has full-width digits"),
  takes("phoneNumber", "in Arabic", /^\+\d*[٠-٩]\d+$/, phone, "has a digit of another script"),
  takes("phoneNumber", "in two lines", /^\+\d+\n\+\d+$/, phone, "has a second line"),
  takes("phoneNumber", "with NUL", /^\+\d+\0$/, phone, "ends with NUL"),
  takes("templateId", "without hyphens", /^[\da-f]{32}$/, template, "has no hyphens"),
  takes("templateId", "with a hyphen less", /^[\da-f]{12}-[\da-f-]{18}$/i, template, 'lacks a "-"'),
  takes("templateId", "in braces", /^\{.*\}$/, template, "is in braces"),
  takes("templateId", "as a URN", /^urn:uuid:/, template, "is a URN"),
  takes(
    "templateId",
    "with 7 at first",
    /^[\da-f]{7}-[\da-f-]{27}$/i,
    template,
    "has 7 of [0-9a-fA-F]{8}",
  ),
  takes("templateId", "with 13 at last", /-[\da-f]{13}$/i, template, "has 13 of [0-9a-fA-F]{12}"),
  takes(
    "templateId",
    "with 3 in its third",
    /^.{14}[\da-f]{3}-[\da-f-]{17}$/i,
    template,
    "has 3 of [0-9a-fA-F]{4} (2)",
  ),
  takes(
    "templateId",
    "of other letters",
    /^g[\da-f]{7}-/i,
    template,
    'has "g", which is not in [0-9a-fA-F]',
  ),
  takes("templateId", "with underscores", /^[\da-f]{8}_/i, template, 'has "_" for "-"'),
  takes("webhookUrl", "of ftp", /^ftp:/, url, 'is "ftp://verify.invalid/a"'),
  takes("webhookUrl", "of javascript", /^javascript:/, url, 'is "javascript:alert(1)"'),
  takes("webhookUrl", "without scheme", /^verify\.invalid$/, url, 'is "verify.invalid"'),
  takes(
    "webhookUrl",
    "with user info",
    /\/\/user:secret@/,
    url,
    'is "http://user:secret@verify.invalid/"',
  ),
  takes("webhookUrl", "with a fragment", /#fragment$/, url, 'is "http://verify.invalid/#fragment"'),
  takes("webhookUrl", "of 2049 characters", /^.{2049}$/, url, "has 2049 characters"),
  takes("webhookUrl", "with a space", /\/a b$/, url, 'is "http://verify.invalid/a b"'),
  takes(
    "webhookUrl",
    "with a port of 6 digits",
    /:123456\/$/,
    url,
    'is "http://verify.invalid:123456/"',
  ),
  takesBody(
    "no phoneNumber",
    (one) => has("templateId", (id) => id === template)(one) && !("phoneNumber" in json(one)),
    "phoneNumber is missing",
  ),
  takesBody(
    "no templateId",
    (one) => "phoneNumber" in json(one) && !("templateId" in json(one)),
    "templateId is missing",
  ),
  takesBody(
    "null for messageBody",
    has("messageBody", (value) => value === null),
    "messageBody is null",
  ),
  takesBody(
    "null for webhookUrl",
    has("webhookUrl", (value) => value === null),
    "webhookUrl is null",
  ),
  takesBody("a list of variables", has("messageBody", Array.isArray), "messageBody is an array"),
  takesBody(
    "a number for a phone number",
    has("phoneNumber", (value) => typeof value === "number"),
    "phoneNumber is a number",
  ),
  takesBody(
    "numbers for variables",
    ({ body }) => body.includes('"effectSent":1'),
    "messageBody.effectSent is a number",
  ),
  takesBody(
    "objects for variables",
    ({ body }) => body.includes('"effectSent":{}'),
    "messageBody.effectSent is an object",
  ),
  takesBody(
    "null for variables",
    ({ body }) => body.includes('"effectSent":null'),
    "messageBody.effectSent is null",
  ),
  takesBody(
    "unknown members",
    ({ body }) => body.includes('"effectSentUnknown":"x"'),
    "the body has an unknown member",
  ),
  takesBody(
    "__proto__",
    ({ body }) =>
      body.includes('"__proto__":"x"}') && !body.includes('"order_id":"12345","__proto__"'),
    "the body has a member __proto__",
  ),
  takesBody(
    "members in capitals",
    ({ body }) => body.includes('"PHONENUMBER"'),
    "the body has a member PHONENUMBER",
  ),
  takesBody("no body", ({ body }) => body.length === 0, "the body is missing"),
  takesBody("a list", ({ body }) => text({ body }) === "[]", "the body is an array"),
  takesBody("forms", ({ body }) => body.includes("phoneNumber="), "the body is a form"),
  takesBody(
    "JSON in JSON",
    ({ body }) => text({ body }).startsWith('"{'),
    "the body is a JSON text in a text",
  ),
  takesBody("UTF-16", ({ body }) => body[0] === 0x7b && body[1] === 0, "the body is UTF-16"),
  takesBody(
    "UTF-16 by its mark",
    ({ body }) => body[0] === 0xff,
    "the body is UTF-16 with a byte order mark",
  ),
  takesBody("10 MB", ({ body }) => body.length > 10_000_000, "the body is too large"),
  repairs("a byte FF", /("(?:name|order_id)":")\xff/, "$1", "a text has a byte FF"),
  repairs(
    "a lone continuation byte",
    /("(?:name|order_id)":")\x80/,
    "$1",
    "a text has a lone continuation byte",
  ),
  repairs(
    "an incomplete sequence",
    /("(?:name|order_id)":")\xc3(?=")/,
    "$1",
    "a text has an incomplete sequence",
  ),
  repairs(
    "an overlong sequence",
    /("(?:name|order_id)":")\xc0\xaf/,
    "$1",
    "a text has an overlong sequence",
  ),
  repairs("a surrogate", /("(?:name|order_id)":")\xed\xa0\x80/, "$1", "a text has a surrogate"),
  repairs(
    "ISO 8859-1",
    /("(?:name|order_id)":")\xe9(?=")/,
    "$1",
    "a text has a character of ISO 8859-1",
  ),
  repairs("comments", /^\/\*.*\*\//, "", "the body has a comment"),
  repairs("a comment at the end", /\/\/ JSON5$/, "", "the body ends with a comment"),
  repairs("trailing commas", /,\}$/, "}", "the body has a trailing comma"),
  repairs(
    "names without quotes",
    /^\{(\w+):/,
    '{"$1":',
    "the body has a member name without quotes",
  ),
  repairs("apostrophes", /^\{'(\w+)':/, '{"$1":', "the body has a member name in apostrophes"),
  repairs("the first of two bodies", /\}\n\{.*$/s, "}", "the body is followed by another body"),
  repairs("a body before text", /\}x$/, "}", "the body is followed by text"),
  repairs("a body that is cut off", /^(\{"phoneNumber".*[^}])$/s, "$1}", "the body is cut off"),
  repairs("a line break in a name", /^\{"\n/, '{"', "the body has a line break in a text"),
  ignores(
    "that the content type is missing",
    type(/^missing$/),
    asJson,
    "the content type is missing",
  ),
  ignores("a malformed content type", type(/^json$/), asJson, "the content type is malformed"),
  ignores("text/plain", type(/^text\/plain/), asJson, "the content type is text/plain"),
  ignores(
    "that a form is announced",
    type(/urlencoded/),
    asJson,
    "the content type is application/x-www-form-urlencoded",
  ),
  ignores(
    "the end of the content type",
    type(/jsonx/),
    asJson,
    "the content type is application/jsonx",
  ),
  ignores(
    "the charset UTF-16",
    type(/utf-16/),
    asJson,
    "the content type is application/json; charset=utf-16",
  ),
  ignores(
    "the charset",
    type(/8859/),
    asJson,
    "the content type is application/json; charset=iso-8859-1",
  ),
  ignores(
    "that the sender is missing",
    (one) => senderIs(/^missing$/)(one) && !one.url.includes("?"),
    { "x-sender-id": sender },
    "x-sender-id is missing",
  ),
  ignores(
    "that the sender is empty",
    senderIs(/^$/),
    { "x-sender-id": sender },
    "x-sender-id is empty",
  ),
  ignores(
    "the form of a sender",
    senderIs(/^no such/),
    { "x-sender-id": sender },
    "x-sender-id is malformed",
  ),
  ignores(
    "the hyphens of a sender",
    senderIs(/^[\da-f]{32}$/),
    { "x-sender-id": sender },
    "x-sender-id has no hyphens",
  ),
  ignores(
    "the end of a sender",
    senderIs(/-[\da-f]{13}$/),
    { "x-sender-id": sender },
    "x-sender-id has 13 of [0-9a-fA-F]{12}",
  ),
  ignores(
    "that the key is missing",
    (one) => keyIs(/^missing$/)(one) && !one.url.includes("?"),
    { "x-api-key": "k" },
    "x-api-key is missing",
  ),
  ignores("that the key is empty", keyIs(/^$/), { "x-api-key": "k" }, "x-api-key is empty"),
  ignores(
    "spaces in a key",
    keyIs(/^[^ ]+ [^ ]+$/),
    { "x-api-key": "k" },
    "x-api-key has a space in the middle",
  ),
  ignores(
    "where the key is",
    (one) => one.url.includes("?x-api-key"),
    { "x-api-key": "k" },
    "x-api-key is in the query",
  ),
  ignores(
    "credentials altogether",
    ({ headers, url: target }) =>
      !("x-api-key" in headers) && !("x-sender-id" in headers) && !target.includes("?"),
    { "x-api-key": "k", "x-sender-id": sender },
    "all credentials are missing",
  ),
  {
    name: "takes PUT for POST",
    server: "lax",
    rewrite: ({ method }) => (method === "PUT" ? { method: "POST" } : undefined),
    found: ["the method is PUT", "accepted-undeclared"],
  },
  {
    name: "takes any path",
    server: "lax",
    rewrite: ({ url: target }) =>
      target.endsWith("/effect-sent-unknown") ? { url: "/v1/messages/phone" } : undefined,
    found: ["the path is longer", "accepted-undeclared"],
  },
]
