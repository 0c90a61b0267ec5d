/** Ids that are derived from a text, so that the same text always has the same id. */
import { createHash } from "node:crypto"

export const guidFrom = (text: string): string => {
  const hex = createHash("sha256").update(text).digest("hex")
  // With the version and the variant of a random GUID.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-")
}

/** The account of a request whose operation needs no sender id: one for each key. The key cannot be found from it. */
export const accountOf = (apiKey: string): string => guidFrom(`account of ${apiKey}`)

/** The id of the template of this name. */
export const templateOf = (name: string): string => guidFrom(`template ${name}`)
