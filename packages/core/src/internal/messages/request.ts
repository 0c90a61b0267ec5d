/**
 * The requests of v3. The schemas accept what the OpenAPI contract (`contracts/sent-v3.openapi.yaml`) accepts, less `null` in
 * place of an absent field and a recipient that is named twice. Each is made by a function, so that a bundle without it has
 * none of the schemas in it.
 */
import * as Schema from "effect/Schema"
import { PhoneNumber, TemplateId } from "../../SendToPhone.ts"
import { guid } from "../patterns.ts"

/**
 * A channel. Several are a broadcast, not a fallback: each recipient gets a message on each of them. `sent` leaves the choice
 * of one to the service.
 *
 * Source: the provider's documentation.
 */
export const Channel: Schema.Literals<readonly ["sent", "sms", "whatsapp", "rcs"]> =
  /* @__PURE__ */ Schema.Literals(["sent", "sms", "whatsapp", "rcs"]).annotate({
    message: 'must be "sent", "sms", "whatsapp" or "rcs"',
  })

/** A name that {@link Channel} accepts. */
export type Channel = typeof Channel.Type

const notEmpty = /* @__PURE__ */ Schema.isMinLength(1, { message: "must not be empty" })

const makeTemplate = () =>
  Schema.Struct({
    id: Schema.optionalKey(TemplateId),
    name: Schema.optionalKey(Schema.String.check(notEmpty)),
    parameters: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  }).check(
    Schema.makeFilter(({ id, name }) =>
      (id === undefined) === (name === undefined) ? "must have either an id or a name" : undefined,
    ),
  )

/** A template, by its id or by its name, and the values of its variables. */
export const Template: Schema.Struct<{
  readonly id: Schema.optionalKey<typeof TemplateId>
  readonly name: Schema.optionalKey<Schema.String>
  readonly parameters: Schema.optionalKey<Schema.$Record<Schema.String, Schema.String>>
}> = /* @__PURE__ */ makeTemplate()

/** The most recipients of one request. */
const maxRecipients = 1000

const makeRequest = () =>
  Schema.Struct({
    to: Schema.Array(PhoneNumber).check(
      Schema.isMinLength(1, { message: "must have a recipient" }),
      Schema.isMaxLength(maxRecipients, {
        message: `must have at most ${maxRecipients} recipients`,
      }),
      // Each would get the message as often as it is named.
      Schema.isUnique({ message: "must name each recipient once" }),
    ),
    template: Schema.optionalKey(Template),
    text: Schema.optionalKey(Schema.String.check(notEmpty)),
    channel: Schema.optionalKey(
      Schema.Array(Channel).check(Schema.isUnique({ message: "must name each channel once" })),
    ),
    sandbox: Schema.optionalKey(Schema.Boolean),
  }).check(
    Schema.makeFilter(({ template, text }) =>
      (template === undefined) === (text === undefined)
        ? "must have either a template or a text"
        : undefined,
    ),
  )

/** The body of `POST /v3/messages`. Unknown fields are rejected. */
export const MessagesRequest: Schema.Struct<{
  readonly to: Schema.$Array<typeof PhoneNumber>
  readonly template: Schema.optionalKey<typeof Template>
  readonly text: Schema.optionalKey<Schema.String>
  readonly channel: Schema.optionalKey<Schema.$Array<typeof Channel>>
  readonly sandbox: Schema.optionalKey<Schema.Boolean>
}> = /* @__PURE__ */ makeRequest()

/** A request that {@link MessagesRequest} accepted. */
export type MessagesRequest = typeof MessagesRequest.Type

const makeLookUp = () =>
  Schema.Struct({
    id: Schema.String.check(
      Schema.isPattern(guid, {
        message: "must be the id of a message, a GUID, e.g. 8ba7b830-9dad-11d1-80b4-00c04fd430c8",
      }),
    ),
  })

/** What is in the path of a look-up. */
export const LookUp: Schema.Struct<{ readonly id: Schema.String }> = /* @__PURE__ */ makeLookUp()

/** A look-up that {@link LookUp} accepted. */
export type LookUp = typeof LookUp.Type
