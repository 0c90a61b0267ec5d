/** What the mock shows of secrets. */

/** The last four characters of a long key, so that two keys can be told apart; nothing of a short one. */
export const maskKey = (key: string): string => (key.length < 12 ? "••••" : `••••${key.slice(-4)}`)

/** The country and the last two digits: enough to find the message in the inbox, too little to call anyone. */
export const maskNumber = (phoneNumber: string): string =>
  `${phoneNumber.slice(0, 2)}${"•".repeat(Math.max(phoneNumber.length - 4, 0))}${phoneNumber.slice(-2)}`
