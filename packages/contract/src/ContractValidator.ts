/**
 * Validates requests and responses against a contract: with Prism, and with checks of its own for what Prism lets pass.
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
import type { Contract } from "./Contract.ts"
import type { ContractError } from "./ContractError.ts"
import * as Credentials from "./Credentials.ts"
import type { Operation, Response } from "./Operation.ts"
import * as Prism from "./Prism.ts"
import * as Route from "./Route.ts"

/** A request as it goes over the wire. */
export interface WireRequest {
  /** In upper case. */
  readonly method: string
  /** The path, and the query if there is one. */
  readonly target: string
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A response as it came over the wire. */
export interface WireResponse {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What does not conform to the contract. It never repeats a value. */
export interface Violation {
  /** A keyword of JSON Schema, or a rule of this module such as `undeclared-status`. */
  readonly rule: string
  /** `path`, `status`, `body`, `header`, and below them what is wrong, e.g. `body/messageBody/name`. */
  readonly where: string
  readonly message: string
}

/** Validates the exchanges of one contract. */
export interface Validator {
  /** The operation that a request is for, if the contract has it. */
  readonly find: (method: string, target: string) => Operation | undefined
  /** What is wrong with a request for this operation. */
  readonly request: (
    operation: Operation,
    request: WireRequest,
  ) => Effect.Effect<ReadonlyArray<Violation>>
  /** What is wrong with a response of this operation. */
  readonly response: (
    operation: Operation,
    response: WireResponse,
  ) => Effect.Effect<ReadonlyArray<Violation>>
}

/**
 * A validator for a contract. Fails with `ContractInvalid` for a contract that Prism cannot use.
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
  const prism = yield* Prism.make(contract)

  const validator: Validator = {
    find: (method, target) => {
      const route = Route.find(contract.operations, method, pathOf(target))
      return route._tag === "Found" ? route.target : undefined
    },
    request: Effect.fnUntraced(function* (operation, request) {
      const { body, headers, target } = request
      const read = readBody(body)
      const unread = [...requestTypeProblems(operation, request), ...read.problems]
      const violations =
        unread.length > 0
          ? []
          : yield* prism.validateRequest({
              operation,
              path: pathOf(target),
              query: new URLSearchParams(target.split("?").slice(1).join("?")),
              headers: body.length === 0 ? withoutType(headers) : withBareType(headers),
              body: read.value,
            })
      return [
        ...Credentials.problems(operation, headers).map(({ kind, name }) => ({
          rule: "credentials",
          where: "header",
          message: `the header ${name} is ${kind}`,
        })),
        ...unread,
        // Prism only says that a credential is missing, which was said above.
        ...violations.filter(({ code }) => code !== "401").map(fromPrism),
      ]
    }),
    response: Effect.fnUntraced(function* (operation, response) {
      const { headers, status } = response
      const declared = operation.responses.find((candidate) => candidate.status === status)
      const read = readBody(response.body)
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
        // Of a body that is missing or cannot be read, everything was said; Prism requires one wherever one may be.
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

/** Prism breaks down on parameters that it cannot read. */
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

const responseBodyProblems = (
  response: Response | undefined,
  { body, headers }: WireResponse,
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

/** RFC 9110, section 8.3: case does not matter. Parameters such as `charset` are ignored. */
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

const isUndeclared = ({ message }: Prism.PrismViolation): boolean =>
  message.startsWith("Unable to match the returned status code")

const undeclaredStatus = ({ responses }: Operation, status: number): Violation => ({
  rule: "undeclared-status",
  where: "status",
  message: `the status ${status} is not declared; declared are ${responses.map((one) => one.status).join(", ")}`,
})

/** Its path counts from the part of the message: `["body", "phoneNumber"]`. */
const fromPrism = ({ code, message, path }: Prism.PrismViolation): Violation => ({
  rule: code === "" ? "contract" : code,
  where: path.join("/"),
  message,
})
