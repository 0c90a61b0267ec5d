/** What is wrong with a field of a request. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readInput } from "@effect-sent/core/SentClient"
import * as SendToPhone from "@effect-sent/core/SendToPhone"

/** A field that is a text. */
export type Field = "phoneNumber" | "templateId" | "webhookUrl"

const accepts: { readonly [K in Field]: (value: unknown) => boolean } = {
  phoneNumber: /* @__PURE__ */ Schema.is(SendToPhone.PhoneNumber),
  templateId: /* @__PURE__ */ Schema.is(SendToPhone.TemplateId),
  webhookUrl: /* @__PURE__ */ Schema.is(SendToPhone.WebhookUrl),
}

/** What a send would say about the value of a field; undefined if nothing is wrong with it. */
export const problemOf = (field: Field, value: string): string | undefined => {
  if (accepts[field](value)) return undefined
  const exit = Effect.runSyncExit(readInput({ ...valid, [field]: value }))
  const error = Exit.isFailure(exit)
    ? Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    : undefined
  const issues = error?.reason._tag === "InvalidRequest" ? error.reason.issues : []
  return issues.map(({ message }) => message).join("; ")
}

const valid = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }
