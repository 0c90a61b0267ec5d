/**
 * Send SMS and WhatsApp messages through Sent.dm from an application on Effect 3.
 *
 * Each module is also a separate entry point, for example `@effect-sent/effect-3/SentClient`.
 */
export * as BulkSender from "./BulkSender.ts"
export * as DeliveryStatus from "./DeliveryStatus.ts"
export * as RetryPolicy from "./RetryPolicy.ts"
export * as SendToPhone from "./SendToPhone.ts"
export * as SentClient from "./SentClient.ts"
export * as SentCredentials from "./SentCredentials.ts"
export * as SentError from "./SentError.ts"
export * as SentWebhook from "./SentWebhook.ts"
export * as WebhookError from "./WebhookError.ts"
