/** Masks secrets and phone numbers for the inbox and the log. */

/** Keeps the last four characters of a long key, which distinguish two keys, and no character of a short one. */
export const maskKey = (key: string): string => (key.length < 12 ? "••••" : `••••${key.slice(-4)}`)

/** Keeps the first and the last two characters: enough to find the message in the inbox, too few to identify a person. */
export const maskNumber = (phoneNumber: string): string =>
  `${phoneNumber.slice(0, 2)}${"•".repeat(Math.max(phoneNumber.length - 4, 0))}${phoneNumber.slice(-2)}`
