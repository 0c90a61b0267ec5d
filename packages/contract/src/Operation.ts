/**
 * The operations of a contract: method, path, credentials, request body, responses, scenarios and updates.
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
  /** The method in upper case, for example `POST`. */
  readonly method: string
  /** The path as the document writes it, for example `/v1/messages/phone`. It may contain `{parameters}`. */
  readonly path: string
  /** The alternatives: each is a list of headers that are required together. Empty when no credentials are required. */
  readonly credentials: ReadonlyArray<ReadonlyArray<CredentialHeader>>
  /** Undefined for an operation without a request body. */
  readonly requestBody: RequestBody | undefined
  /** The responses with an exact status. `default` and ranges such as `4XX` are omitted. */
  readonly responses: ReadonlyArray<Response>
  /** The scenarios that a mock plays, by phone number or message id: `x-sent-scenarios`. */
  readonly scenarios: ReadonlyArray<Scenario>
  /** The updates that follow an accepted request. Undefined when the contract declares none. */
  readonly updates: Updates | undefined
}

/** An operation that the contract declares and that cannot be used. */
export interface OmittedOperation {
  /** The method in upper case, for example `POST`. */
  readonly method: string
  /** The path as the document writes it. */
  readonly path: string
  /** Why, as a clause: for example that one of its schemas does not compile. */
  readonly reason: string
}

/** A header that carries a credential. */
export interface CredentialHeader {
  /** The name in lower case, for example `x-sender-id`. */
  readonly name: string
  /** The pattern that the value must match: `x-sent-pattern` of the security scheme. */
  readonly pattern: RegExp | undefined
}

/** A body in one media type. */
export interface Content {
  /** The media type in lower case, as the document writes it. It may be a range such as `text/*`. */
  readonly mediaType: string
  /** The JSON Schema, with its references resolved. Undefined when the document declares none. */
  readonly schema: unknown
  /** The named examples. */
  readonly examples: ReadonlyArray<Example>
}

/** The request body of an operation. */
export interface RequestBody {
  /** Whether a request without a body is invalid. */
  readonly required: boolean
  /** The body in each media type, in document order. */
  readonly contents: ReadonlyArray<Content>
  /** The media types in lower case, for example `application/json`. */
  readonly mediaTypes: ReadonlyArray<string>
  /** The JSON Schema of the first media type, with its references resolved, except for those of a schema to itself. */
  readonly schema: unknown
  /** The named examples of the first media type. */
  readonly examples: ReadonlyArray<Example>
}

/** A response of an operation. */
export interface Response {
  /** The HTTP status. */
  readonly status: number
  /** The body in each media type, in document order. Empty when the response has no body. */
  readonly contents: ReadonlyArray<Content>
  /** The media types of the body. Empty when the response has no body. */
  readonly mediaTypes: ReadonlyArray<string>
  /** Whether the body is optional: `x-sent-empty-body`. */
  readonly mayBeEmpty: boolean
  /** The names of the required headers, in lower case. */
  readonly requiredHeaders: ReadonlyArray<string>
  /** The named examples. An example that several media types declare is listed once. */
  readonly examples: ReadonlyArray<Example>
}

/** A named example of a body. */
export interface Example {
  /** The name, as requested with `Prefer: example=…`. */
  readonly name: string
  /** The summary from the document. */
  readonly summary: string | undefined
  /** The body. */
  readonly value: unknown
  /** The headers that are sent with the body: `x-sent-headers`. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The updates that follow an accepted request: the operation's first callback whose URL is taken from the request body, or the
 * webhook that it names with `x-sent-webhook`.
 */
export interface Updates {
  /**
   * The member of the request body that contains the receiver's URL, for example `webhookUrl`. Undefined for a webhook: the
   * receiver is registered with the account.
   */
  readonly urlMember: string | undefined
  /** The JSON Schema of an update, with its references resolved. */
  readonly schema: unknown
  /** The named examples. */
  readonly examples: ReadonlyArray<Example>
  /** The headers that the callback declares. */
  readonly headers: ReadonlyArray<UpdateHeader>
}

/** A header of an update. */
export interface UpdateHeader {
  /** The name, in lower case. */
  readonly name: string
  readonly required: boolean
  /** The JSON Schema of the value, with its references resolved. */
  readonly schema: unknown
}
