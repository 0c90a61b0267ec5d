/** Delivery updates with plain values. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as DeliveryStatus from "@effect-sent/core/DeliveryStatus"
import * as SentWebhook from "@effect-sent/core/SentWebhook"
import * as WebhookError from "@effect-sent/core/WebhookError"
import type { Host } from "../Host.ts"
import type { Task } from "../Task.ts"
import type {
  BodyPull,
  CallValue,
  EventValue,
  Receive,
  ReceiverOptions,
  WebhookFailure,
} from "../Update.ts"
import type { ReasonValue } from "../Value.ts"
import { contextOf } from "./context.ts"
import { ofCall } from "./ofCall.ts"
import { streamOf } from "./pulls.ts"
import { fromTask, toTask } from "./tasks.ts"
import { optionsOf, reasonsOf, toPlain } from "./values.ts"

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

const eventOf = (event: DeliveryStatus.DeliveryEvent): EventValue => {
  const { _tag, ...fields } = event
  return {
    _tag,
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, toPlain(value)]),
    ),
  }
}

const reasons = /* @__PURE__ */ reasonsOf<WebhookError.WebhookError["reason"]>(
  /* @__PURE__ */ new Map(
    /* @__PURE__ */ WebhookError.WebhookError.fields.reason.members.map((one) => [
      one.fields._tag.schema.literal,
      one,
    ]),
  ),
)

const failureOf = ({ reason }: WebhookError.WebhookError): WebhookFailure => ({
  reason: reasons.valueOf(reason),
})

/** The words of the reason of a `WebhookError`. */
export const webhookWordsOf = (reason: Pick<ReasonValue, "_tag" | "fields">): string =>
  reasons.make(reason).message

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

/** Decodes an update from the parsed JSON of its body. */
export const decode = (body: unknown, receivedAtMillis: number | undefined): EventValue =>
  eventOf(
    DeliveryStatus.decode(
      body,
      receivedAtMillis === undefined ? {} : { receivedAt: DateTime.makeUnsafe(receivedAtMillis) },
    ),
  )

/** Whether a status is an outcome. */
export const isFinal = (status: string): boolean => DeliveryStatus.isFinal(status)

// -----------------------------------------------------------------------------
// The webhook
// -----------------------------------------------------------------------------

/** Verifies the signature of a call and decodes its body. All is checked by core. */
export const verify = (
  request: unknown,
  options: unknown,
  host: Host,
): Task<EventValue, WebhookFailure> =>
  toTask(
    Effect.suspend(() =>
      SentWebhook.verify(
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        request as SentWebhook.SignedRequest,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        plainOptions(options) as SentWebhook.VerifyOptions,
      ),
    ),
    contextOf(host),
    { onFailure: failureOf, onSuccess: eventOf },
  )

/** Decodes the body of a call whose signature need not be checked. */
export const decodeBody = (body: unknown, host: Host): Task<EventValue, WebhookFailure> =>
  toTask(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    SentWebhook.decode(body as SentWebhook.Body),
    contextOf(host),
    { onFailure: failureOf, onSuccess: eventOf },
  )

/** Signs a body as the provider does. */
export const sign = (
  body: unknown,
  options: unknown,
  host: Host,
): Task<Readonly<Record<string, string>>, WebhookFailure> =>
  toTask(
    SentWebhook.sign(
      // Checked by core.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      body as SentWebhook.Body,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      plainOptions(options) as SentWebhook.SignOptions,
    ),
    contextOf(host),
    { onFailure: failureOf, onSuccess: (headers) => headers },
  )

/** Makes a receiver of calls. */
export const makeReceiver = (
  { handle, options }: ReceiverOptions,
  host: Host,
): Task<Receive, WebhookFailure> => {
  const given = {
    ...optionsOf(options),
    handle:
      typeof handle === "function"
        ? (event: DeliveryStatus.DeliveryEvent) =>
            ofCall((current) => fromTask(handle(eventOf(event), current)))
        : handle.wrong,
  }
  return toTask(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    SentWebhook.makeReceiver(given as SentWebhook.ReceiverOptions<unknown>),
    contextOf(host),
    {
      onFailure: failureOf,
      onSuccess: (receive) => (call, caller) =>
        toTask(receive(callOf(call)), contextOf(caller), {
          onFailure: (never) => never,
          onSuccess: (answer) => answer,
        }),
    },
  )
}

const plainOptions = (options: unknown): unknown =>
  Predicate.isObject(options) && !Array.isArray(options) ? optionsOf({ ...options }) : options

const callOf = ({ body, headers, method, url }: CallValue): SentWebhook.Call => ({
  method,
  url,
  // Read by core, whatever they are.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  headers: headers as SentWebhook.HeadersInput,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  body: isPull(body) ? streamOf(body.pull) : (body as SentWebhook.Body | undefined),
})

const isPull = (body: unknown): body is BodyPull =>
  Predicate.hasProperty(body, "pull") && Predicate.isFunction(body.pull)
