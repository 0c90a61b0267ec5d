/** The table of operations: one row for each that the mock knows, and one for all others. */
import type { Operation } from "@effect-sent/contract/Contract"
import * as Recipients from "@effect-sent/contract/Recipients"
import { activities, message } from "./lookUps.ts"
import type { Given, Row, Sends } from "./row.ts"
import { sendMessage } from "./sendMessage.ts"
import { textIn, textsIn } from "./values.ts"

/** What a body of v1, or of any other contract, says. */
const givenIn = (body: unknown): Given => {
  const [phoneNumber] = Recipients.of(body)
  return {
    recipients: [{ phoneNumber, channel: undefined }],
    templateId: textIn(body, "templateId"),
    templateName: undefined,
    text: undefined,
    variables: textsIn(body, "messageBody"),
    isSandbox: false,
  }
}

export const other: Sends = { kind: "sends", given: givenIn, keepsKeys: false }

const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["POST /v3/messages", sendMessage],
  ["GET /v3/messages/{id}", message],
  ["GET /v3/messages/{id}/activities", activities],
])

/** The name of an operation, as faults and the inbox write it. */
export const operationName = ({ method, path }: Pick<Operation, "method" | "path">): string =>
  `${method} ${path}`

export const rowOf = (operation: Operation): Row => rows.get(operationName(operation)) ?? other
