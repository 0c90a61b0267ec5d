/** The envelope of v3's answers: `success`, `data`, `error` and `meta`. */
import { isJsonObject, memberOf, textIn } from "../operations/values.ts"

/** The answer as that of one request: in an envelope, with the request's own id and the time. */
export const ofRequest = <A extends { readonly body: unknown }>(
  answer: A,
  requestId: string,
  now: number,
): A => {
  const { body } = answer
  const meta = memberOf(body, "meta")
  return isJsonObject(body) && isJsonObject(meta) && "request_id" in meta
    ? {
        ...answer,
        body: {
          ...body,
          meta: { ...meta, request_id: requestId, timestamp: new Date(now).toISOString() },
        },
      }
    : answer
}

/** The id of a request, from that of its message. */
export const requestIdOf = (id: string): string => `req_${id.replaceAll("-", "").slice(0, 16)}`

/** The error of an envelope. Undefined for any other body. */
export const errorIn = (
  body: unknown,
): { readonly code: string; readonly message: string } | undefined => {
  const error = memberOf(body, "error")
  const code = textIn(error, "code")
  const message = textIn(error, "message")
  return code === undefined || message === undefined ? undefined : { code, message }
}

/** The envelope with other members in its error. */
export const withError = (body: object, members: object): object => {
  const error = memberOf(body, "error")
  return { ...body, error: { ...(isJsonObject(error) ? error : {}), ...members } }
}
