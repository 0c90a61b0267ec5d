/**
 * Holds requests and answers, whoever made them, to a contract: Prism's validation, and what it lets pass.
 */
import * as Effect from "effect/Effect"
import type { Contract, Operation, Response } from "./Contract.ts"
import { credentialProblems } from "./internal/credentials.ts"
import { makePrism, type Violation as PrismViolation } from "./internal/prism.ts"
import { routeOf } from "./internal/route.ts"
import { ContractInvalid, MockServerError } from "./MockServerError.ts"

/**
 * A request as it goes over the wire.
 *
 * @example
 * ```ts
 * import type { ContractValidator } from "@effect-sent/mock-server"
 *
 * const request: ContractValidator.WireRequest = {
 *   method: "POST",
 *   target: "/v1/messages/phone",
 *   headers: { "content-type": "application/json" },
 *   body: new TextEncoder().encode("{}"),
 * }
 * ```
 */
export interface WireRequest {
  /** In upper case. */
  readonly method: string
  /** The path and what of a query there is. */
  readonly target: string
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * An answer as it came over the wire.
 *
 * @example
 * ```ts
 * import type { ContractValidator } from "@effect-sent/mock-server"
 *
 * const answer: ContractValidator.WireAnswer = { status: 204, headers: {}, body: new Uint8Array() }
 * ```
 */
export interface WireAnswer {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * What is not as the contract has it. It never repeats a value.
 *
 * @example
 * ```ts
 * import type { ContractValidator } from "@effect-sent/mock-server"
 *
 * const violation: ContractValidator.Violation = {
 *   rule: "required",
 *   where: "header/retry-after",
 *   message: "the header retry-after is required",
 * }
 * ```
 */
export interface Violation {
  /** A keyword of JSON Schema, or a name of our own such as `undeclared-status`. */
  readonly rule: string
  /** `path`, `status`, `body`, `header`, and below them what is wrong, e.g. `body/messageBody/name`. */
  readonly where: string
  readonly message: string
}

/**
 * Holds exchanges to one contract.
 *
 * @example
 * ```ts
 * import { Contract, ContractValidator } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const validator = yield* ContractValidator.make(yield* Contract.load())
 *   const operation = validator.find("POST", "/v1/messages/phone")
 *   if (operation === undefined) return "no such operation"
 *   const answer = { status: 422, headers: {}, body: new Uint8Array() }
 *   const [violation] = yield* validator.answer(operation, answer)
 *   return violation?.rule
 * })
 *
 * console.assert((await Effect.runPromise(program)) === "undeclared-status")
 * ```
 */
export interface Validator {
  /** The operation that a request is for, if the contract has it. */
  readonly find: (method: string, target: string) => Operation | undefined
  /** What is wrong with a request for this operation. */
  readonly request: (
    operation: Operation,
    request: WireRequest,
  ) => Effect.Effect<ReadonlyArray<Violation>>
  /** What is wrong with an answer of this operation. */
  readonly answer: (
    operation: Operation,
    answer: WireAnswer,
  ) => Effect.Effect<ReadonlyArray<Violation>>
}

/**
 * A validator of this contract. Fails with `ContractInvalid` for a contract that Prism cannot validate by.
 *
 * @example
 * ```ts
 * import { Contract, ContractValidator } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const validator = await Effect.runPromise(Effect.flatMap(Contract.load(), ContractValidator.make))
 * console.assert(validator.find("GET", "/v1/messages/phone") === undefined)
 * ```
 */
export const make = Effect.fnUntraced(function* (
  contract: Contract,
): Effect.fn.Return<Validator, MockServerError> {
  const prism = yield* Effect.mapError(
    makePrism(contract),
    (problem) =>
      new MockServerError({ reason: new ContractInvalid({ path: contract.path, problem }) }),
  )

  const validator: Validator = {
    find: (method, target) => {
      const route = routeOf(contract.operations, method, pathOf(target), "")
      return route._tag === "Found" ? route.operation : undefined
    },
    request: Effect.fnUntraced(function* (operation, request) {
      const { body, headers, target } = request
      const read = readBody(body)
      const unread = [...requestTypeProblems(operation, request), ...read.problems]
      const violations =
        unread.length > 0
          ? []
          : yield* prism.validate({
              operation,
              path: pathOf(target),
              query: new URLSearchParams(target.split("?").slice(1).join("?")),
              headers: body.length === 0 ? withoutType(headers) : withBareType(headers),
              body: read.value,
            })
      return [
        ...credentialProblems(operation, headers).map((message) => ({
          rule: "credentials",
          where: "header",
          message,
        })),
        ...unread,
        // Of credentials it says only that one is missing; that was said.
        ...violations.filter(({ code }) => code !== "401").map(fromPrism),
      ]
    }),
    answer: Effect.fnUntraced(function* (operation, answer) {
      const response = operation.responses.find(({ status }) => status === answer.status)
      const read = readBody(answer.body)
      const problems = [...answerBodyProblems(response, answer), ...read.problems]
      const isReadable = read.value !== undefined && problems.length === 0
      const violations = yield* prism.validateAnswer(operation, {
        status: answer.status,
        headers: isReadable ? withBareType(answer.headers) : withoutType(answer.headers),
        body: read.value,
      })
      if (violations.some(isUndeclared)) return [undeclaredStatus(operation, answer)]
      return [
        ...problems,
        // Of a body that is not there, or cannot be read, all is said; Prism asks for one wherever one may be.
        ...violations.filter(({ path }) => path[0] === "header" || isReadable).map(fromPrism),
      ]
    }),
  }
  return validator
})

// By hand: the URL parser takes `//path` for a host.
const pathOf = (target: string): string => target.split(/[?#]/, 1)[0] ?? ""

const withoutType = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "content-type"))

/** Prism breaks down at parameters that it cannot read. */
const withBareType = (
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim()
  return type === undefined ? headers : { ...headers, "content-type": type }
}

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

const strict = new TextDecoder("utf-8", { fatal: true })

const readBody = (
  bytes: Uint8Array,
): { readonly value: unknown; readonly problems: ReadonlyArray<Violation> } => {
  if (bytes.length === 0) return { value: undefined, problems: [] }
  try {
    return { value: JSON.parse(strict.decode(bytes)), problems: [] }
  } catch {
    return {
      value: undefined,
      problems: [
        { rule: "malformed-json", where: "body", message: "the body is not JSON in UTF-8" },
      ],
    }
  }
}

const requestTypeProblems = (
  { requestBody }: Operation,
  { body, headers }: WireRequest,
): ReadonlyArray<Violation> => {
  if (body.length === 0) return []
  if (requestBody === undefined) {
    return [
      { rule: "undeclared-body", where: "body", message: "there is a body, and none is declared" },
    ]
  }
  return undeclaredType(requestBody.mediaTypes, headers["content-type"])
}

const answerBodyProblems = (
  response: Response | undefined,
  { body, headers }: WireAnswer,
): ReadonlyArray<Violation> => {
  if (response === undefined) return []
  const { mayBeEmpty, mediaTypes } = response
  if (mediaTypes.length === 0) {
    return body.length === 0
      ? []
      : [
          {
            rule: "undeclared-body",
            where: "body",
            message: "there is a body, and none is declared",
          },
        ]
  }
  if (body.length > 0) return undeclaredType(mediaTypes, headers["content-type"])
  return mayBeEmpty
    ? []
    : [{ rule: "missing-body", where: "body", message: "there is no body, and one is declared" }]
}

/** RFC 9110, section 8.3: without regard to case, and parameters such as `charset` aside. */
const undeclaredType = (
  declared: ReadonlyArray<string>,
  header: string | undefined,
): ReadonlyArray<Violation> => {
  const type = (header ?? "").split(";", 1)[0]?.trim().toLowerCase()
  if (declared.some((one) => one.toLowerCase() === type)) return []
  const what = header === undefined ? "there is none" : "it is another"
  return [
    {
      rule: "undeclared-media-type",
      where: "header/content-type",
      message: `the content type must be ${declared.join(" or ")}; ${what}`,
    },
  ]
}

// -----------------------------------------------------------------------------
// What Prism says
// -----------------------------------------------------------------------------

const isUndeclared = ({ message }: PrismViolation): boolean =>
  message.startsWith("Unable to match the returned status code")

const undeclaredStatus = ({ responses }: Operation, { status }: WireAnswer): Violation => ({
  rule: "undeclared-status",
  where: "status",
  message: `the status ${status} is not declared; declared are ${responses.map((one) => one.status).join(", ")}`,
})

/** Its path counts from the part of the message: `["body", "phoneNumber"]`. */
const fromPrism = ({ code, message, path }: PrismViolation): Violation => ({
  rule: code === "" ? "contract" : code,
  where: path.join("/"),
  message,
})
