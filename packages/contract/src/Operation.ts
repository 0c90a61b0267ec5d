/**
 * The operations of a contract: what can be called, what it takes and what it answers.
 *
 * @example
 * ```ts
 * import { Contract, type Operation } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const statusesOf = ({ responses }: Operation.Operation): ReadonlyArray<number> =>
 *   responses.map(({ status }) => status)
 *
 * const { operations } = await Effect.runPromise(Contract.load())
 * console.log(operations.map(statusesOf))
 * ```
 */
import type { Scenario } from "./Scenario.ts"

/** One operation of a contract. */
export interface Operation {
  /** In upper case, for example `POST`. */
  readonly method: string
  /** As the document writes it, for example `/v1/messages/phone`. It may contain `{parameters}`. */
  readonly path: string
  /** Alternatives, each a list of headers that are required together. Empty when no credentials are required. */
  readonly credentials: ReadonlyArray<ReadonlyArray<CredentialHeader>>
  /** Undefined for an operation without a request body. */
  readonly requestBody: RequestBody | undefined
  /** The responses with a status of their own. `default` and ranges such as `4XX` are left out. */
  readonly responses: ReadonlyArray<Response>
  /** What a mock plays for which phone number: `x-sent-scenarios`. */
  readonly scenarios: ReadonlyArray<Scenario>
  /** The updates that follow an accepted request. Undefined when the contract declares none. */
  readonly updates: Updates | undefined
}

/** A header that carries a credential. */
export interface CredentialHeader {
  /** In lower case, for example `x-sender-id`. */
  readonly name: string
  /** What its value must match: `x-sent-pattern` of the security scheme. */
  readonly pattern: RegExp | undefined
}

/** The request body of an operation. */
export interface RequestBody {
  /** Whether a request without a body is invalid. */
  readonly required: boolean
  /** In lower case, for example `application/json`. */
  readonly mediaTypes: ReadonlyArray<string>
  /** The JSON Schema of the first media type, with its references resolved. */
  readonly schema: unknown
  /** The named examples of the first media type. */
  readonly examples: ReadonlyArray<Example>
}

/** A response that an operation declares. */
export interface Response {
  /** The HTTP status. */
  readonly status: number
  /** The media types that a body may have. Empty when there is no body. */
  readonly mediaTypes: ReadonlyArray<string>
  /** Whether the response may also come without a body: `x-sent-empty-body`. */
  readonly mayBeEmpty: boolean
  /** The headers that are required, in lower case. */
  readonly requiredHeaders: ReadonlyArray<string>
  /** The named examples. An example that stands under several media types is listed once. */
  readonly examples: ReadonlyArray<Example>
}

/** A named example of a body. */
export interface Example {
  /** The name that `Prefer: example=…` asks for. */
  readonly name: string
  /** What it shows, in words. */
  readonly summary: string | undefined
  /** The body. */
  readonly value: unknown
  /** The headers that go with it: `x-sent-headers`. */
  readonly headers: Readonly<Record<string, string>>
}

/** The updates that follow an accepted request: the operation's first callback whose URL comes from the request body. */
export interface Updates {
  /** The member of the request body that holds the receiver's URL, for example `webhookUrl`. */
  readonly urlMember: string
  /** The JSON Schema of an update, with its references resolved. */
  readonly schema: unknown
  /** The named examples. */
  readonly examples: ReadonlyArray<Example>
  /** The headers that the callback declares. */
  readonly headers: ReadonlyArray<UpdateHeader>
}

/** A header of an update. */
export interface UpdateHeader {
  /** In lower case. */
  readonly name: string
  readonly required: boolean
  /** The JSON Schema of its value, with its references resolved. */
  readonly schema: unknown
}
