/**
 * Send SMS and WhatsApp messages through Sent.dm from an Effect application.
 *
 * Each module is also a separate entry point, for example `@effect-sent/core/SentClient`.
 */
export * as BulkSender from "./BulkSender.ts"
export * as CallbackUrl from "./CallbackUrl.ts"
export * as CircuitBreak from "./CircuitBreak.ts"
export * as DeliveryStatus from "./DeliveryStatus.ts"
export * as DeliveryStore from "./DeliveryStore.ts"
export * as DeliveryTracker from "./DeliveryTracker.ts"
export * as RateLimit from "./RateLimit.ts"
export * as RetryPolicy from "./RetryPolicy.ts"
export * as SendToPhone from "./SendToPhone.ts"
export * as SentClient from "./SentClient.ts"
export * as SentCredentials from "./SentCredentials.ts"
export * as SentError from "./SentError.ts"
export * as SentMessages from "./SentMessages.ts"
export * as SentWebhook from "./SentWebhook.ts"
export * as WebhookError from "./WebhookError.ts"
