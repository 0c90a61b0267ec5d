/** What messages cost, where the API reports a price. The amounts are made up. */

const prices: Readonly<Record<string, number>> = { sms: 0.0083, whatsapp: 0.005, rcs: 0.007 }

/** The statuses of a message that a carrier has. */
const atCarrier: ReadonlySet<string> = new Set(["SENT", "DELIVERED", "READ"])

/** Whether the price of a message is known by this status. */
export const isAtCarrier = (status: string): boolean => atCarrier.has(status)

/** The price of a message on a channel. */
export const priceOf = (channel: string | undefined): number | undefined => prices[channel ?? "sms"]
