import type { CredentialHeader, Operation } from "../Contract.ts"
import { type Answer, fromExample } from "./answer.ts"

type Headers = Readonly<Record<string, string | undefined>>

/**
 * The 401 for the first header, in the contract's order, that is missing or malformed; undefined when the
 * credentials will do. Whether they belong to anybody is not asked: a mock takes every well-formed pair.
 */
export const checkCredentials = (operation: Operation, headers: Headers): Answer | undefined => {
  let first: Answer | undefined
  for (const needed of operation.credentials) {
    const wrong = needed.find(
      (header) => isMissing(header, headers) || isMalformed(header, headers),
    )
    if (wrong === undefined) return undefined
    first ??= isMissing(wrong, headers) ? missing(operation, wrong) : malformed(operation, wrong)
  }
  return first
}

/** What is wrong with the credentials in words, without what they hold. Of several that would do, the first counts. */
export const credentialProblems = (
  { credentials }: Operation,
  headers: Headers,
): ReadonlyArray<string> => {
  const wrongs = credentials.map((needed) =>
    needed.flatMap((header) => {
      if (isMissing(header, headers)) return [`the header ${header.name} is missing`]
      return isMalformed(header, headers) ? [`the header ${header.name} is malformed`] : []
    }),
  )
  return wrongs.some((wrong) => wrong.length === 0) ? [] : (wrongs[0] ?? [])
}

const isMissing = ({ name }: CredentialHeader, headers: Headers): boolean =>
  (headers[name] ?? "") === ""

const isMalformed = ({ name, pattern }: CredentialHeader, headers: Headers): boolean =>
  pattern !== undefined && !pattern.test(headers[name] ?? "")

const missing = (operation: Operation, { name }: CredentialHeader): Answer =>
  fromExample(operation, 401, [`${subject(name)}-not-found`], `Header ${name} not found`)

// A malformed key has no text of its own: to the service it is one more wrong key.
const malformed = (operation: Operation, { name }: CredentialHeader): Answer =>
  fromExample(
    operation,
    401,
    [`${subject(name)}-invalid`, "credentials-invalid"],
    `Invalid ${name}`,
  )

/** `x-sender-id` → `sender-id`, as the contract's examples are named. */
const subject = (header: string): string => header.replace(/^x-/, "")
