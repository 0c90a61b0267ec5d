/** Servers that answer wrongly. */
import type { Lie } from "../liar.ts"
import { withMembers, to, scenarioOf } from "./request.ts"

type Change = NonNullable<Lie["answer"]>

/** Answers the requests to one magic number wrongly. */
const answers = (
  what: string,
  name: string,
  number: string,
  rule: string,
  change: Change,
): Lie => ({
  name: `answers ${what}`,
  server: "answers",
  answer: (request, answer) =>
    to(number)(request) && request.headers["accept"] === undefined
      ? change(request, answer)
      : undefined,
  found: [scenarioOf(name, number), rule],
})

const raw = (
  what: string,
  name: string,
  number: string,
  rule: string,
  make: NonNullable<Lie["raw"]>,
): Lie => ({
  name: `answers ${what}`,
  server: "answers",
  raw: (request, answer) =>
    to(number)(request) && request.headers["accept"] === undefined
      ? make(request, answer)
      : undefined,
  found: [scenarioOf(name, number), rule],
})

const body =
  (edit: (text: string) => string): Change =>
  (_, answer) => ({
    body: Buffer.from(edit(answer.body.toString("utf8"))),
  })

const header =
  (name: string, value: string | undefined): Change =>
  (_, answer) => ({
    headers: Object.fromEntries(
      Object.entries({ ...answer.headers, [name]: value ?? "" }).filter(
        ([key]) => key !== name || value !== undefined,
      ),
    ),
  })

const head = ({
  headers,
  status,
}: {
  status: number
  headers: Readonly<Record<string, string>>
}): string =>
  `HTTP/1.1 ${status} X\r\n${Object.entries(headers)
    .filter(([name]) => !/^(?:content-length|transfer-encoding|connection)$/.test(name))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}`

/** Another message than the one that was asked for. */
const elsewhere = (
  what: string,
  name: string,
  number: string,
  rule: string,
  other: string,
): Lie => ({
  name: what,
  server: "answers",
  rewrite: (request) =>
    to(number)(request) ? withMembers(request, { phoneNumber: `+1500555${other}` }) : undefined,
  found: [scenarioOf(name, number), rule],
})

export const wrongAnswers: ReadonlyArray<Lie> = [
  answers("200 for 204", "filtered", "2048", "undeclared-status", () => ({ status: 200 })),
  answers("an undeclared 422", "invalid-channel", "4007", "undeclared-status", () => ({
    status: 422,
  })),
  raw(
    "a 204 with a body",
    "delivered",
    "2040",
    "undeclared-body",
    () => "HTTP/1.1 204 X\r\n\r\n{}",
  ),
  raw(
    "a 204 that announces a body",
    "read",
    "2041",
    "undeclared-body",
    () => "HTTP/1.1 204 X\r\ncontent-length: 2\r\n\r\n",
  ),
  raw(
    "a 204 in chunks",
    "failed",
    "2042",
    "undeclared-body",
    () => "HTTP/1.1 204 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ),
  raw(
    "more than it says",
    "bad-request",
    "4003",
    "surplus-bytes",
    (_, answer) =>
      `${head(answer)}content-length: ${answer.body.length}\r\n\r\n${answer.body.toString()}x`,
  ),
  raw(
    "less than it says",
    "forbidden",
    "4030",
    "no-response",
    (_, answer) => `${head(answer)}content-length: 999\r\n\r\n${answer.body.toString()}`,
  ),
  raw(
    "without saying how much",
    "not-found",
    "4040",
    "undelimited-body",
    (_, answer) => `${head(answer)}\r\n${answer.body.toString()}`,
  ),
  raw(
    "with two content types",
    "content-too-large",
    "4130",
    "repeated-header",
    (_, answer) =>
      `${head(answer)}content-type: application/json\r\ncontent-length: ${answer.body.length}\r\n\r\n${answer.body.toString()}`,
  ),
  raw(
    "with two Retry-After",
    "too-many-requests-one-second",
    "4291",
    "repeated-header",
    (_, answer) =>
      `${head(answer)}retry-after: 2\r\ncontent-length: ${answer.body.length}\r\n\r\n${answer.body.toString()}`,
  ),
  answers(
    "without Retry-After",
    "too-many-requests",
    "4290",
    "required",
    header("retry-after", undefined),
  ),
  answers(
    "Retry-After in words",
    "service-unavailable-retry-after",
    "5031",
    "type",
    header("retry-after", "soon"),
  ),
  answers(
    "in ISO 8859-1",
    "template-not-found",
    "4005",
    "charset",
    header("content-type", "application/problem+json; charset=iso-8859-1"),
  ),
  answers(
    "with a byte order mark",
    "invalid-json",
    "4008",
    "byte-order-mark",
    body((one) => `\ufeff${one}`),
  ),
  answers(
    "HTML",
    "internal-server-error",
    "5000",
    "malformed-json",
    body(() => "<html>"),
  ),
  answers(
    "as text/html",
    "unsupported-media-type",
    "4150",
    "undeclared-media-type",
    header("content-type", "text/html"),
  ),
  answers(
    "without content type",
    "service-unavailable",
    "5030",
    "undeclared-media-type",
    header("content-type", undefined),
  ),
  answers("without body", "insufficient-balance", "4006", "missing-body", () => ({
    body: Buffer.alloc(0),
  })),
  answers(
    "another status in the body",
    "credentials-invalid",
    "4010",
    "const",
    body((one) => one.replace("401", "403")),
  ),
  answers(
    "without title",
    "api-key-not-found",
    "4012",
    "required",
    body((one) => one.replace('"title"', '"name"')),
  ),
  answers(
    "a number for a title",
    "sender-id-not-found",
    "4013",
    "type",
    body((one) => one.replace('"Unauthorized"', "1")),
  ),
  answers(
    "other words than the example",
    "invalid-phone-number",
    "4004",
    "wrong-response",
    body((one) => one.replace("Invalid", "Bad")),
  ),
  answers(
    "no complaint about a field",
    "validation-failed",
    "4000",
    "minItems",
    body((one) => one.replace(/\[[^\]]*\]/, "[]")),
  ),
  answers(
    "with a body where it should be empty",
    "unauthorized-empty",
    "4011",
    "wrong-response",
    () => ({
      headers: { "content-type": "application/json" },
      body: Buffer.from('{"status":401,"title":"Unauthorized"}'),
    }),
  ),
  answers(
    "204 to what a scenario refuses",
    "validation-failed-errors-only",
    "4001",
    "wrong-response",
    () => ({ status: 204, headers: {}, body: Buffer.alloc(0) }),
  ),
  elsewhere(
    "accepts at the first request",
    "accepted-at-third-try",
    "4292",
    "wrong-response",
    "2040",
  ),
  elsewhere("answers at once where a scenario is slow", "slow", "2051", "wrong-delay", "2040"),
  elsewhere(
    "answers where a scenario loses the answer",
    "answer-lost",
    "2052",
    "wrong-response",
    "2040",
  ),
  {
    name: "always answers in its first media type",
    server: "answers 2",
    answer: ({ headers }, { status }) =>
      status === 403 && headers["accept"] === "application/json"
        ? { headers: { "content-type": "application/problem+json" } }
        : undefined,
    found: { uncovered: "POST /v1/messages/phone 403 application/json" },
  },
  {
    name: "says nothing about the rest of a window",
    server: "answers 2",
    answer: (_, { headers, status }) =>
      status === 429
        ? {
            headers: Object.fromEntries(
              Object.entries(headers).filter(([name]) => name !== "x-ratelimit-remaining"),
            ),
          }
        : undefined,
    found: { uncovered: "POST /v1/messages/phone 429 x-ratelimit-remaining" },
  },
  {
    name: "answers 500 to what is not JSON",
    server: "answers 2",
    answer: ({ body: bytes }) =>
      bytes.toString() === "{"
        ? {
            status: 500,
            headers: { "content-type": "application/json" },
            body: Buffer.from('{"status":500,"title":"Internal Server Error"}'),
          }
        : undefined,
    found: ["the body is not JSON", "wrong-status"],
  },
  {
    name: "complains about another field",
    server: "answers 2",
    answer: (_, { body: bytes }) =>
      bytes.includes('"errors":{"templateId"')
        ? { body: Buffer.from(bytes.toString("utf8").replace('"templateId"', '"phoneNumber"')) }
        : undefined,
    found: ["templateId is missing", "wrong-field"],
  },
  {
    name: "hangs at a body that is cut off",
    server: "answers 2",
    hold: ({ body: bytes }) =>
      bytes.length > 20 &&
      !bytes.toString().endsWith("}") &&
      bytes.includes('"phoneNumber":"+') &&
      !bytes.includes("x")
        ? 30_000
        : undefined,
    found: ["the body is cut off", "no-response"],
  },
]
