/** Failures of core's webhook as errors of Effect 3. */
import type { WebhookFailure } from "@effect-sent/facade/Update"
import * as WebhookError from "../../WebhookError.ts"
import { nativeFields } from "./values.ts"

const classes: Readonly<Record<string, unknown>> = {
  MissingHeader: WebhookError.MissingHeader,
  RepeatedHeader: WebhookError.RepeatedHeader,
  BadSignature: WebhookError.BadSignature,
  TimestampOutOfTolerance: WebhookError.TimestampOutOfTolerance,
  MissingBody: WebhookError.MissingBody,
  MalformedPayload: WebhookError.MalformedPayload,
  InvalidOptions: WebhookError.InvalidOptions,
}

/** The error that a failure of core is. */
export const webhookErrorOf = ({ reason }: WebhookFailure): WebhookError.WebhookError => {
  // A test compares the reasons of core with these classes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const Class = classes[reason._tag] as new (fields: object) => WebhookError.WebhookReason
  return new WebhookError.WebhookError({ reason: new Class(nativeFields(reason.fields)) })
}
