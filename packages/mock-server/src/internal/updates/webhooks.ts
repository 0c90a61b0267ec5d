/** The receivers that are registered with accounts, for operations whose requests name none. */

export interface Webhooks {
  /** Where the updates of an account go: to its own receiver or, without one, to that of all accounts. */
  readonly urlOf: (senderId: string) => string | undefined
  /** Registers a receiver for all accounts or for one. Undefined removes it. */
  readonly set: (url: string | undefined, senderId?: string) => void
  /** Brings the receivers to their state at the start. */
  readonly reset: (senderId?: string) => void
}

/** `usual` is the receiver of all accounts at the start. */
export const makeWebhooks = (usual: string | undefined): Webhooks => {
  let ofAll = usual
  const own = new Map<string, string | undefined>()
  return {
    urlOf: (senderId) => (own.has(senderId) ? own.get(senderId) : ofAll),
    set: (url, senderId) => {
      if (senderId === undefined) ofAll = url
      else own.set(senderId, url)
    },
    reset: (senderId) => {
      if (senderId === undefined) {
        ofAll = usual
        own.clear()
      } else own.delete(senderId)
    },
  }
}

/** Says what is wrong with the URL of a receiver. Undefined when nothing is. */
export const webhookProblem = (url: string): string | undefined =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? undefined
    : "must be an http or https URL, e.g. http://127.0.0.1:3000/webhook"
