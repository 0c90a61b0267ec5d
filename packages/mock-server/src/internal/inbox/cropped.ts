/** Crops long texts of the messages in a list: the message by its id has all of them. */
import type { Message } from "../../Message.ts"

/** The length to which the value of a variable is cropped. */
const valueLength = 1000
/** The length to which the body of a request is cropped. */
const bodyLength = 10_000

/** Returns the message itself when no text is too long. */
export const cropped = (message: Message): Message => {
  const { request, text, variables } = message
  if (request.body.length <= bodyLength) return message
  return {
    ...message,
    isCropped: true,
    ...(text === undefined ? {} : { text: head(text, valueLength) }),
    variables: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, head(value, valueLength)]),
    ),
    request: { ...request, body: head(request.body, bodyLength) },
  }
}

const head = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text
