/** The answer to a request whose credentials are missing or malformed. */
import * as Credentials from "@effect-sent/contract/Credentials"
import type { Operation } from "@effect-sent/contract/Operation"
import { accountOf } from "../operations/ids.ts"
import { type Answer, fromExample } from "./answer.ts"

/**
 * The 401 for the first header, in contract order, that is missing or malformed. Undefined when the credentials are complete
 * and well formed: the mock accepts every such pair and does not check accounts.
 */
export const checkCredentials = (
  operation: Operation,
  headers: Readonly<Record<string, string | undefined>>,
): Answer | undefined => {
  const [first] = Credentials.problems(operation, headers)
  return first === undefined ? undefined : unauthorized(operation, first)
}

const unauthorized = (
  operation: Operation,
  { kind, name }: Credentials.CredentialProblem,
): Answer => {
  // `x-sender-id` → `sender-id`, as the contract's examples are named.
  const subject = name.replace(/^x-/, "")
  return kind === "missing"
    ? fromExample(
        operation,
        401,
        [`${subject}-not-found`, `${subject}-missing`],
        `Header ${name} not found`,
      )
    : // The contract has no example for a malformed key: the service rejects it like a wrong key.
      fromExample(operation, 401, [`${subject}-invalid`, "credentials-invalid"], `Invalid ${name}`)
}

/** The sender of a request: its `x-sender-id` or, without one, the account that its key stands for. Empty without both. */
export const senderOf = (headers: Readonly<Record<string, string | undefined>>): string => {
  const { "x-api-key": apiKey = "", "x-sender-id": senderId = "" } = headers
  return senderId === "" && apiKey !== "" ? accountOf(apiKey) : senderId.toLowerCase()
}
