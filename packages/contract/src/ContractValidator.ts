/**
 * Validates requests and responses against a contract, with Prism and with additional checks for deviations that Prism does
 * not report.
 *
 * @example
 * ```ts
 * import { Contract, ContractValidator } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const validator = yield* ContractValidator.make(yield* Contract.load())
 *   const operation = validator.find("POST", "/v1/messages/phone")
 *   if (operation === undefined) return "no such operation"
 *   const response = { status: 422, headers: {}, body: new Uint8Array() }
 *   const [violation] = yield* validator.response(operation, response)
 *   return violation?.rule
 * })
 *
 * console.assert((await Effect.runPromise(program)) === "undeclared-status")
 * ```
 */
import * as Effect from "effect/Effect"
import * as Body from "./Body.ts"
import type { Contract } from "./Contract.ts"
import type { ContractError } from "./ContractError.ts"
import * as Credentials from "./Credentials.ts"
import type { Content, Operation, Response } from "./Operation.ts"
import * as Prism from "./Prism.ts"
import * as Route from "./Route.ts"

/** A request in its wire format. */
export interface WireRequest {
  /** The method, in upper case. */
  readonly method: string
  /** The path, followed by the query if there is one. */
  readonly target: string
  /** The headers by name. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A response in its wire format. */
export interface WireResponse {
  readonly status: number
  /** The headers by name. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A deviation from the contract. It never contains a value of the request or response. */
export interface Violation {
  /** The JSON Schema keyword that failed, or a rule of this module such as `undeclared-status`. */
  readonly rule: string
  /** The location: `path`, `query`, `status`, `header` or `body`, followed by the member, e.g. `body/messageBody/name`. */
  readonly where: string
  readonly message: string
}

/** Validates requests and responses against one contract. */
export interface Validator {
  /** The contract, without the operations that cannot be validated: they are `omitted`, with the reason. */
  readonly contract: Contract
  /** Returns the operation that a request calls. Undefined when the contract does not declare it. */
  readonly find: (method: string, target: string) => Operation | undefined
  /** Returns the violations of a request to this operation. */
  readonly request: (
    operation: Operation,
    request: WireRequest,
  ) => Effect.Effect<ReadonlyArray<Violation>>
  /** Returns the violations of a response from this operation. */
  readonly response: (
    operation: Operation,
    response: WireResponse,
  ) => Effect.Effect<ReadonlyArray<Violation>>
}

/**
 * Makes a validator for a contract. An operation with a schema that does not compile, of a request, a response or a
 * callback, is `omitted`. Fails with `ContractInvalid` when none is left.
 *
 * @example
 * ```ts
 * import { Contract, ContractValidator } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const validator = await Effect.runPromise(Effect.flatMap(Contract.load(), ContractValidator.make))
 * console.assert(validator.find("GET", "/v1/messages/phone") === undefined)
 * ```
 */
export const make = Effect.fnUntraced(function* (
  contract: Contract,
): Effect.fn.Return<Validator, ContractError> {
  const prism = yield* Prism.make(contract, { checks: "all" })

  const { operations } = prism.contract
  const validator: Validator = {
    contract: prism.contract,
    find: (method, target) => {
      const route = Route.find(operations, method, pathOf(target))
      return route._tag === "Found" ? route.target : undefined
    },
    request: Effect.fnUntraced(function* (operation, request) {
      const { headers, target } = request
      const contents = operation.requestBody?.contents ?? []
      const read = yield* readBody(contents, request)
      const unread = [...requestTypeProblems(operation, request), ...read.problems]
      const violations =
        unread.length > 0
          ? []
          : yield* prism.validateRequest({
              operation,
              path: pathOf(target),
              query: new URLSearchParams(target.split("?").slice(1).join("?")),
              headers: withoutType(headers),
              content: read.content,
              body: read.value,
            })
      return [
        ...Credentials.problems(operation, headers).map(({ kind, name }) => ({
          rule: "credentials",
          where: "header",
          message: `the header ${name} is ${kind}`,
        })),
        ...unread,
        // Prism only reports that a credential is missing, which is reported above.
        ...violations.filter(({ code }) => code !== "401").map(fromPrism),
      ]
    }),
    response: Effect.fnUntraced(function* (operation, response) {
      const { headers, status } = response
      const declared = operation.responses.find((candidate) => candidate.status === status)
      const read = yield* readBody(declared?.contents ?? [], response)
      const problems = [...responseBodyProblems(declared, response), ...read.problems]
      const isReadable = read.value !== undefined && problems.length === 0
      const violations = yield* prism.validateResponse(operation, {
        status,
        headers: isReadable ? withBareType(headers) : withoutType(headers),
        body: read.value,
      })
      if (violations.some(isUndeclared)) return [undeclaredStatus(operation, status)]
      return [
        ...problems,
        // A missing or unreadable body is reported above. Prism would also report a missing body where the body is optional.
        ...violations.filter(({ path }) => path[0] === "header" || isReadable).map(fromPrism),
      ]
    }),
  }
  return validator
})

// Not parsed as a URL: the URL parser reads `//path` as a host.
const pathOf = (target: string): string => target.split(/[?#]/, 1)[0] ?? ""

const withoutType = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "content-type"))

/** Drops media type parameters, because Prism throws on malformed ones. */
const withBareType = (
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim()
  return type === undefined ? headers : { ...headers, "content-type": type }
}

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

interface ReadBody {
  /** The content that the contract declares for the body's media type. Undefined when the body was not read. */
  readonly content: Content | undefined
  readonly value: unknown
  readonly problems: ReadonlyArray<Violation>
}

/** Reads a body. One whose media type the contract does not declare, which is reported elsewhere, is read as JSON. */
const readBody = (
  contents: ReadonlyArray<Content>,
  { body, headers }: Pick<WireRequest, "body" | "headers">,
): Effect.Effect<ReadBody> => {
  const unread: ReadBody = { content: undefined, value: undefined, problems: [] }
  if (body.length === 0) return Effect.succeed(unread)
  const header = headers["content-type"] ?? ""
  const declared = Body.find(contents, header)
  const content = declared ?? { mediaType: "application/json", schema: undefined, examples: [] }
  return Body.read(content, declared === undefined ? content.mediaType : header, body).pipe(
    Effect.map((read) =>
      read._tag === "Value" ? { content, value: read.value, problems: [] } : unread,
    ),
    Effect.catch((problem) =>
      Effect.succeed({
        ...unread,
        problems: [
          problem.startsWith("not valid JSON")
            ? { rule: "malformed-json", where: "body", message: "the body is not JSON in UTF-8" }
            : { rule: "malformed-body", where: "body", message: `the body is ${problem}` },
        ],
      }),
    ),
  )
}

const undeclaredBody: Violation = {
  rule: "undeclared-body",
  where: "body",
  message: "the contract declares no body",
}

const requestTypeProblems = (
  { requestBody }: Operation,
  { body, headers }: WireRequest,
): ReadonlyArray<Violation> => {
  if (body.length === 0) return []
  if (requestBody === undefined) {
    return [undeclaredBody]
  }
  return undeclaredType(requestBody.contents, headers["content-type"])
}

const responseBodyProblems = (
  response: Response | undefined,
  { body, headers }: WireResponse,
): ReadonlyArray<Violation> => {
  if (response === undefined) return []
  const { contents, mayBeEmpty } = response
  if (contents.length === 0) {
    return body.length === 0 ? [] : [undeclaredBody]
  }
  if (body.length > 0) return undeclaredType(contents, headers["content-type"])
  return mayBeEmpty ? [] : [{ rule: "missing-body", where: "body", message: "the body is missing" }]
}

/** Media types are compared without regard to case (RFC 9110, section 8.3) and to parameters such as `charset`. */
const undeclaredType = (
  declared: ReadonlyArray<Content>,
  header: string | undefined,
): ReadonlyArray<Violation> => {
  if (header !== undefined && Body.find(declared, header) !== undefined) return []
  const expected = declared.map(({ mediaType }) => mediaType).join(" or ")
  return [
    {
      rule: "undeclared-media-type",
      where: "header/content-type",
      message:
        header === undefined
          ? `the content type is missing; the contract declares ${expected}`
          : `the content type is not ${expected}`,
    },
  ]
}

// -----------------------------------------------------------------------------
// Prism's violations
// -----------------------------------------------------------------------------

const isUndeclared = ({ message }: Prism.PrismViolation): boolean =>
  message.startsWith("Unable to match the returned status code")

const undeclaredStatus = ({ responses }: Operation, status: number): Violation => ({
  rule: "undeclared-status",
  where: "status",
  message: `the contract does not declare the status ${status}; it declares ${responses.map((one) => one.status).join(", ")}`,
})

/** Prism's path begins with the part of the message: `["body", "phoneNumber"]`. */
const fromPrism = ({ code, message, path }: Prism.PrismViolation): Violation => ({
  rule: code === "" ? "contract" : code,
  where: path.join("/"),
  message,
})
