/**
 * Receives all updates of an account in AWS Lambda, behind a function URL or an HTTP API (payload format 2.0).
 *
 * Each instance only knows the events that it has handled itself. With a store, all of them share that.
 */
import { SentWebhook } from "@effect-sent/core"
import { Config, Effect } from "effect"

/** The part of the event that is used: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export interface LambdaEvent {
  readonly requestContext: { readonly http: { readonly method: string } }
  readonly rawPath: string
  readonly rawQueryString: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly isBase64Encoded: boolean
}

const receive = await Effect.gen(function* () {
  const secret = yield* Config.Redacted("SENT_WEBHOOK_SECRET")
  return yield* SentWebhook.makeReceiver({
    secret,
    handle: (event) => Effect.log(`a ${event._tag} event`),
  })
}).pipe(Effect.runPromise)

export const handler = async (event: LambdaEvent) => {
  const { body = "", headers, isBase64Encoded, rawPath, rawQueryString, requestContext } = event
  const answer = await receive({
    method: requestContext.http.method,
    url: `${rawPath}?${rawQueryString}`,
    headers,
    body: isBase64Encoded ? Buffer.from(body, "base64") : body,
  }).pipe(Effect.runPromise)
  return { statusCode: answer.status, headers: answer.headers, body: answer.body }
}
