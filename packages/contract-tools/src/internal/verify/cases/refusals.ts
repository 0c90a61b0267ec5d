/** Requests that every server must reject, so that no message is sent. */
import type { Operation } from "@effect-sent/contract/Contract"
import type { SentRequest } from "../exchange.ts"
import { type Bodies, jsonBytes, type Requests } from "../requests.ts"
import { isJsonObject } from "../values/sample.ts"
import { type Case, declaredOf, noUpdates, withHeader } from "./case.ts"
import { boundItem } from "./successes.ts"

/** More than a server of a small JSON API accepts: RFC 9110, section 15.5.14. */
const tooManyBytes = 10 * 1024 * 1024 + 1
/** Deep enough for a parser that calls itself. */
const deep = 20_000

export const refusals = (
  operation: Operation,
  { body, bare, withBytes }: Requests,
  paths: ReadonlyArray<Operation>,
): ReadonlyArray<Case> => {
  const one = (
    name: string,
    cause: string,
    request: SentRequest,
    statuses: ReadonlyArray<number>,
    field?: string,
  ): Case => ({
    group: "refusals",
    name,
    cause,
    operation,
    steps: [{ request, expected: { _tag: "Refused", statuses, field } }],
  })
  if (body === undefined) return undeclared(operation, withBytes(new Uint8Array()), paths)
  const whole = withBytes(jsonBytes(body.sample))
  const bad = declaredOf(operation, 400, 422)
  const badType = declaredOf(operation, 415, 400)
  const isRequired = operation.requestBody?.required ?? false
  return [
    ...body.invalid.map(({ cause, field, isBound, name, value }) =>
      Object.assign(one(name, cause, withBytes(jsonBytes(value)), bad, field), {
        covers: isBound ? [boundItem(operation, name)] : [],
      }),
    ),
    ...(isRequired
      ? [
          one(
            "the body is missing",
            "the body required",
            withBytes(new Uint8Array()),
            declaredOf(operation, 400, 415, 422),
          ),
        ]
      : []),
    ...notJson(body).map(({ bytes, name }) => one(name, "JSON", withBytes(bytes), bad)),
    ...notUtf8(body).map(({ bytes, name }) => one(name, "UTF-8", withBytes(bytes), bad)),
    one(
      "the body is nested too deep",
      "JSON",
      withBytes(utf8("[".repeat(deep) + "]".repeat(deep))),
      declaredOf(operation, 413, 400, 422),
    ),
    one("the body is too large", "size", withBytes(tooLong()), declaredOf(operation, 413, 400)),
    ...wrongTypes(bare.headers["content-type"] ?? "").map(({ name, type }) =>
      Object.assign(one(name, "content-type", withHeader(whole, "content-type", type), badType), {
        updates: noUpdates,
      }),
    ),
    ...undeclared(operation, whole, paths),
  ]
}

/** What the contract does not declare must not be a success, whatever else it is. */
const undeclared = (
  operation: Operation,
  whole: SentRequest,
  operations: ReadonlyArray<Operation>,
): ReadonlyArray<Case> => {
  const { path } = operation
  const known = new Set(
    operations.filter((other) => other.path === path).map(({ method }) => method),
  )
  const method = ["PUT", "PATCH", "POST", "DELETE"].find((other) => !known.has(other))
  const [target = "", query] = whole.target.split("?")
  const elsewhere = `${target.replace(/\/$/, "")}/effect-sent-unknown`
  const isFree = !operations.some((other) => other.path.startsWith(`${path}/{`))
  const one = (name: string, cause: string, request: SentRequest): Case => ({
    group: "refusals",
    name,
    cause,
    operation,
    needs: "mock",
    steps: [{ request, expected: { _tag: "Undeclared" } }],
    ...(operation.updates === undefined ? {} : { updates: noUpdates }),
  })
  return [
    ...(method === undefined
      ? []
      : [one(`the method is ${method}`, "method", { ...whole, method })]),
    ...(isFree
      ? [
          one("the path is longer", "path", {
            ...whole,
            target: query === undefined ? elsewhere : `${elsewhere}?${query}`,
          }),
        ]
      : []),
  ]
}

interface Bytes {
  readonly name: string
  readonly bytes: Uint8Array
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bodies that are nearly JSON, as a lax parser accepts them. Without the mistake, each would be accepted. */
const notJson = ({ sample }: Bodies): ReadonlyArray<Bytes> => {
  const text = JSON.stringify(sample)
  const lax: ReadonlyArray<readonly [name: string, text: string]> = [
    ["the body is not JSON", "{"],
    ["the body is blank", " "],
    ["the body is cut off", text.slice(0, -1)],
    ["the body has a trailing comma", `${text.slice(0, -1)},${text.slice(-1)}`],
    ["the body is followed by text", `${text}x`],
    ["the body is followed by another body", `${text}\n${text}`],
    ["the body has a comment", `/* JSON5 */${text}`],
    ["the body ends with a comment", `${text}// JSON5`],
    ["the body has a member name without quotes", text.replace(/"(\w+)":/, "$1:")],
    ["the body has a member name in apostrophes", text.replace(/"(\w+)":/, "'$1':")],
    ["the body has a line break in a text", text.replace(/"(\w)/, '"\n$1')],
    ["the body has an unknown escape", text.replace(/"(\w)/, '"\\x$1')],
    ["the body is a JSON text in a text", JSON.stringify(text)],
    ["the body is a form", isJsonObject(sample) ? formOf(sample) : ""],
  ]
  return lax
    .filter(([, changed]) => changed !== "" && changed !== text)
    .map(([name, changed]) => ({ name, bytes: utf8(changed) }))
}

const formOf = (sample: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(
    Object.entries(sample).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()

/** Byte sequences that are not UTF-8: RFC 3629, section 3. */
const illFormed: ReadonlyArray<readonly [name: string, bytes: ReadonlyArray<number>]> = [
  ["a byte FF", [0xff]],
  ["a lone continuation byte", [0x80]],
  ["an incomplete sequence", [0xc3]],
  ["an overlong sequence", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a character of ISO 8859-1", [0xe9]],
]

/** Bodies that are JSON but for their encoding. A server that replaces what it cannot decode accepts them. */
const notUtf8 = (bodies: Bodies): ReadonlyArray<Bytes> => {
  const text = JSON.stringify(bodies.sample)
  const marked = withMark(bodies)
  const inText =
    marked === undefined
      ? []
      : illFormed.map(([what, bytes]): Bytes => {
          const [before = "", after = ""] = JSON.stringify(marked).split(mark)
          return {
            name: `a text has ${what}`,
            bytes: Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]),
          }
        })
  return [
    { name: "the body is not UTF-8", bytes: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d) },
    { name: "the body is UTF-16", bytes: Buffer.from(text, "utf16le") },
    {
      name: "the body is UTF-16 with a byte order mark",
      bytes: Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(text, "utf16le")]),
    },
    ...inText,
  ]
}

const mark = "effectSentMark"

/** The sample with a mark in a text that may be any text: elsewhere, a replaced character would be refused all the same. */
const withMark = ({ isValid, sample }: Bodies): unknown => {
  const places: Array<(text: string) => unknown> = []
  const visit = (value: unknown, put: (changed: unknown) => unknown): void => {
    if (typeof value === "string") places.push(put)
    if (!isJsonObject(value)) return
    for (const [name, member] of Object.entries(value)) {
      visit(member, (changed) => put({ ...value, [name]: changed }))
    }
  }
  visit(sample, (changed) => changed)
  return places.find((put) => isValid(put("\ufffd")) && isValid(put(mark)))?.(mark)
}

/** Invalid as well, so that a server that reads all of it sends nothing. */
const tooLong = (): Uint8Array => {
  const bytes = new Uint8Array(tooManyBytes).fill(0x20)
  bytes.set(utf8('{"effectSentUnknown":1}'))
  return bytes
}

const wrongTypes = (
  type: string,
): ReadonlyArray<{ readonly name: string; readonly type: string | undefined }> => [
  { name: "the content type is missing", type: undefined },
  { name: "the content type is malformed", type: "json" },
  ...[
    "text/plain",
    "text/json",
    "application/xml",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=effect-sent",
    `${type}x`,
    `${type}; charset=utf-16`,
    `${type}; charset=iso-8859-1`,
  ].map((other) => ({
    name: `the content type is ${other.split("; boundary")[0] ?? ""}`,
    type: other,
  })),
]
