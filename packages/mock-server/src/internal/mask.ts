/** Masks secrets and phone numbers for the inbox and the log. */

/** Keeps the last four characters of a long key, which distinguish two keys, and no character of a short one. */
const maskKey = (key: string): string => (key.length < 12 ? "••••" : `••••${key.slice(-4)}`)

/** Keeps the first and the last two characters: enough to find the message in the inbox, too few to identify a person. */
export const maskNumber = (phoneNumber: string): string =>
  `${phoneNumber.slice(0, 2)}${"•".repeat(Math.max(phoneNumber.length - 4, 0))}${phoneNumber.slice(-2)}`

/** Names of headers and of query parameters that may carry a credential, also one that is sent under a wrong name. */
const secretName = /(?<!idempotency-)key|token|secret|auth|cookie|passw|signature|^sig$/i

/** Masks the values of headers that may carry a credential. `x-sender-id` is not secret. */
export const maskHeader = (name: string, value: string): string =>
  secretName.test(name) ? maskKey(value) : value

/** Masks the values of query parameters that may carry a credential. */
export const maskTarget = (target: string): string =>
  target.replaceAll(/([?&])([^=&#]*)=([^&#]*)/g, (whole, start: string, name: string) =>
    secretName.test(name) ? `${start}${name}=••••` : whole,
  )
