/** The operations of the API: one row for each, of which everything that depends on it is read. */
import type * as Schema from "effect/Schema"
import { SendToPhoneRequest } from "../../SendToPhone.ts"

/**
 * What must not be quoted of a field: a phone number, however it is written; a URL and its path; the values of a record; or
 * nothing.
 */
export type Privacy = "phone-number" | "url" | "values" | "public"

/** One operation of the API. */
export interface Operation<Request> {
  readonly method: "POST"
  readonly path: `/${string}`
  /** The schema of the request's body. */
  readonly request: Schema.Codec<Request, unknown>
  /** What is private in each field; the mask hides it in the service's own words. */
  readonly privacy: { readonly [Field in keyof Request]-?: Privacy }
  /** Whether a response with this status accepts the request. */
  readonly isAccepted: (status: number) => boolean
}

/** Any 2xx: the service responds with 204, and a change to 200 or 202 would mean the same. */
const isSuccessful = (status: number): boolean => status >= 200 && status < 300

/** Sends a template to a phone number. */
export const sendToPhone: Operation<SendToPhoneRequest> = {
  method: "POST",
  path: "/v1/messages/phone",
  request: SendToPhoneRequest,
  privacy: {
    phoneNumber: "phone-number",
    templateId: "public",
    messageBody: "values",
    webhookUrl: "url",
  },
  isAccepted: isSuccessful,
}
