/** The operations of the API: one row for each, of which everything that depends on it is read. */
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { SendToPhoneRequest } from "../../SendToPhone.ts"
import type { Credentials } from "../../SentCredentials.ts"
import { LookUp, MessagesRequest } from "../messages/request.ts"
import type { Reading } from "./body.ts"

/**
 * What must not be quoted of a field: phone numbers, however they are written; a text; a URL and its path; the values of a
 * record, or of the parameters of a template; or nothing.
 */
export type Privacy = "phone-number" | "text" | "url" | "values" | "template" | "public"

/** How a request shows its credentials. */
export interface Scheme {
  readonly headers: (credentials: Credentials) => Readonly<Record<string, string>>
  /** What is wrong with credentials that a request cannot be sent with. */
  readonly problemOf: (credentials: Credentials) => string | undefined
}

/** One operation of the API. */
export interface Operation<Request> {
  /** A GET changes nothing: no message can be sent by one, and it may be repeated. */
  readonly method: "POST" | "GET"
  /** The path. `{name}` stands for the field of the request with this name. */
  readonly path: `/${string}`
  readonly credentials: Scheme
  readonly accept: string
  /** The schema of the request: of its body, or of what is in its path. */
  readonly request: Schema.Codec<Request, unknown>
  /** What is private in each field; the mask hides it in the service's own words. */
  readonly privacy: { readonly [Field in keyof Request]-?: Privacy }
  /** Whether a response with this status accepts the request. */
  readonly isAccepted: (status: number) => boolean
  readonly reading: Reading
  /** Whether the service keeps idempotency keys of it. */
  readonly isKeyed: boolean
}

// Each is a constant of its own, so that a bundle of one operation has nothing of the others.

/** The path of {@link sendToPhone}. */
export const phonePath = "/v1/messages/phone"

/** The path of {@link sendMessages}. */
export const messagesPath = "/v3/messages"

/** Any 2xx: the service responds with 204 or 202, and another one of them would mean the same. */
const isSuccessful = (status: number): boolean => status >= 200 && status < 300

// -----------------------------------------------------------------------------
// v1
// -----------------------------------------------------------------------------

const senderAndKey: Scheme = {
  headers: ({ apiKey, senderId }) => ({
    ...(senderId === undefined ? {} : { "x-sender-id": Redacted.value(senderId) }),
    "x-api-key": Redacted.value(apiKey),
  }),
  problemOf: ({ profileId, senderId }) => {
    if (senderId === undefined) return "senderId is missing: v1 needs it"
    return profileId === undefined ? undefined : "profileId is for v3; v1 has no profiles"
  },
}

/** Sends a template to a phone number. */
export const sendToPhone: Operation<SendToPhoneRequest> = {
  method: "POST",
  path: phonePath,
  credentials: senderAndKey,
  accept: "application/problem+json, application/json",
  request: SendToPhoneRequest,
  privacy: {
    phoneNumber: "phone-number",
    templateId: "public",
    messageBody: "values",
    webhookUrl: "url",
  },
  isAccepted: isSuccessful,
  // The head is enough, and a problem document has a few hundred bytes.
  reading: { content: "never", maxBytes: 64 * 1024, maxMillis: 1000 },
  isKeyed: false,
}

// -----------------------------------------------------------------------------
// v3
// -----------------------------------------------------------------------------

const keyAndProfile: Scheme = {
  headers: ({ apiKey, profileId }) => ({
    "x-api-key": Redacted.value(apiKey),
    ...(profileId === undefined ? {} : { "x-profile-id": Redacted.value(profileId) }),
  }),
  problemOf: () => undefined,
}

// The ids of a thousand messages, with their texts, can have megabytes. They are worth a wait.
const maxBytes = 8_388_608
const maxMillis = 10_000

/** Sends a template or a text to phone numbers. */
export const sendMessages: Operation<MessagesRequest> = {
  method: "POST",
  path: messagesPath,
  credentials: keyAndProfile,
  accept: "application/json",
  request: MessagesRequest,
  privacy: {
    to: "phone-number",
    template: "template",
    text: "text",
    channel: "public",
    sandbox: "public",
  },
  isAccepted: isSuccessful,
  reading: { content: "if-whole", maxBytes, maxMillis },
  isKeyed: true,
}

const lookUp = (path: `/${string}`): Operation<LookUp> => ({
  method: "GET",
  path,
  credentials: keyAndProfile,
  accept: "application/json",
  request: LookUp,
  privacy: { id: "public" },
  isAccepted: isSuccessful,
  reading: { content: "always", maxBytes, maxMillis },
  isKeyed: false,
})

/** Looks a message up. */
export const getMessage: Operation<LookUp> = /* @__PURE__ */ lookUp("/v3/messages/{id}")

/** Looks up what happened to a message. */
export const getActivities: Operation<LookUp> = /* @__PURE__ */ lookUp(
  "/v3/messages/{id}/activities",
)
