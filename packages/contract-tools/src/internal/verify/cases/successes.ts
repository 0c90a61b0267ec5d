/** Requests that must be accepted. */
import type { Operation } from "@effect-sent/contract/Contract"
import { otherCredentials, withCredentials } from "../credentials.ts"
import type { SentRequest } from "../exchange.ts"
import { jsonBytes, type Requests } from "../requests.ts"
import { isJsonObject } from "../values/sample.ts"
import { type Case, nameOf, withHeader } from "./case.ts"

/** With a phone number, the first of them goes there. All others go to numbers that nobody can have. */
export const successes = (
  operation: Operation,
  requests: Requests,
  phoneNumber: string | undefined,
): ReadonlyArray<Case> => {
  const { body, withBytes } = requests
  const one = (
    name: string,
    cause: string,
    request: SentRequest,
    covers: Case["covers"] = [],
  ): Case => ({
    group: "successes",
    name,
    cause,
    operation,
    needs: "mock",
    covers,
    steps: [{ request, expected: { _tag: "Accepted" } }],
  })
  const again = (request: SentRequest): Case => {
    const whole = one("the same request twice", "repetition", request)
    return { ...whole, steps: [...whole.steps, ...whole.steps] }
  }
  const payload = body === undefined ? new Uint8Array() : jsonBytes(body.sample)
  const alternatives = requests.otherHeld.map((held) => {
    const names = held.map(({ name }) => name).join(" and ")
    return one(
      `${names === "" ? "no credentials" : names} alone`,
      `security ${names}`,
      withCredentials({ ...requests.bare, body: payload }, held),
      held.map(({ scheme }) => securityItem(operation, scheme, "accepted")),
    )
  })
  const variants = requests.isMadeUp
    ? otherCredentials(requests.held).map(({ held, name }) =>
        one(name, "security", withCredentials({ ...requests.bare, body: payload }, held)),
      )
    : []
  // Nobody knows what a live service has under an id.
  const isLookUp = operation.path.includes("{")
  const needs =
    operation.method === "GET"
      ? isLookUp
        ? ("mock" as const)
        : undefined
      : ("acceptance" as const)
  if (body === undefined) {
    const usual = one("a request", "request", withBytes(new Uint8Array()))
    return [{ ...usual, needs }, ...alternatives, ...variants]
  }
  const { sample } = body
  const [first] = body.examples
  const whole = withBytes(jsonBytes(sample))
  const text = JSON.stringify(sample)
  const type = whole.headers["content-type"] ?? ""
  const name = `the contract's example${first === undefined ? "" : ` ${first.name}`}`
  return [
    {
      ...one(name, "example", withBytes(jsonBytes(withNumber(operation, sample, phoneNumber))), [
        mediaTypeItem(operation, type),
        ...(first === undefined ? [] : [exampleItem(operation, first.name)]),
      ]),
      needs: "acceptance" as const,
    },
    ...body.examples
      .slice(1)
      .map((example) =>
        one(
          `the contract's example ${example.name}`,
          "example",
          withBytes(jsonBytes(example.value)),
          [exampleItem(operation, example.name)],
        ),
      ),
    again(whole),
    ...alternatives,
    ...variants,
    one("the names of the headers are in capitals", "headers", {
      ...whole,
      headers: Object.fromEntries(
        Object.entries(whole.headers).map(([header, value]) => [header.toUpperCase(), value]),
      ),
    }),
    one("the body is in chunks, without a content length", "chunks", { ...whole, isChunked: true }),
    one(
      `the content type is ${type}; charset=utf-8`,
      "content-type",
      withHeader(whole, "content-type", `${type}; charset=utf-8`),
    ),
    one(
      `the content type is ${type.toUpperCase()}`,
      "content-type",
      withHeader(whole, "content-type", type.toUpperCase()),
    ),
    one(
      "the body has white space",
      "JSON",
      withBytes(utf8(JSON.stringify(sample, undefined, "\t"))),
    ),
    one("the body has escapes", "JSON", withBytes(utf8(escaped(text)))),
    ...(isJsonObject(sample)
      ? [
          one(
            "the members are in reverse order",
            "JSON",
            withBytes(jsonBytes(Object.fromEntries(Object.entries(sample).toReversed()))),
          ),
        ]
      : []),
    ...body.valid.map(({ cause, isBound, name: what, value }) =>
      one(what, cause, withBytes(jsonBytes(value)), isBound ? [boundItem(operation, what)] : []),
    ),
  ]
}

type Covered = NonNullable<Case["covers"]>[number]

export const boundItem = (operation: Operation, what: string): Covered => ({
  kind: "bound",
  name: `${nameOf(operation)} ${what}`,
})

export const securityItem = (operation: Operation, scheme: string, what: string): Covered => ({
  kind: "security",
  name: `${nameOf(operation)} ${scheme} ${what}`,
})

const exampleItem = (operation: Operation, example: string): Covered => ({
  kind: "request example",
  name: `${nameOf(operation)} ${example}`,
})

export const mediaTypeItem = (operation: Operation, type: string, status?: number): Covered => ({
  kind: "media type",
  name: [nameOf(operation), ...(status === undefined ? [] : [status]), type].join(" "),
})

/** A real number gets one message, without updates to a host that is not its owner's. */
const withNumber = (
  { updates }: Operation,
  sample: unknown,
  phoneNumber: string | undefined,
): unknown => {
  if (phoneNumber === undefined || !isJsonObject(sample)) return sample
  const { [updates?.urlMember ?? ""]: _url, ...others } = sample
  return { ...others, phoneNumber }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The first character of each text and name as an escape sequence: RFC 8259, section 7. */
const escaped = (text: string): string =>
  text.replaceAll(
    /"([^"\\])((?:[^"\\]|\\.)*)"/g,
    (_, first: string, rest: string) =>
      `"\\u${(first.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}${rest}"`,
  )
