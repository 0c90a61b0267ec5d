/** The receivers that are registered with accounts, for operations whose requests name none. */

/** A receiver that is registered. */
export interface Webhook {
  readonly url: string
  /** How many attempts in a row it has not received. */
  readonly consecutiveFailures: number
  /** False after {@link maxFailures} failures in a row, until it is enabled again. */
  readonly isActive: boolean
}

/** A receiver, as messages refer to it. */
export interface Registered extends Webhook {
  /** Counts an attempt. Returns whether it has disabled the receiver. */
  readonly attempted: (isReceived: boolean) => boolean
}

export interface Webhooks {
  /** Where the updates of an account go: to its own receiver or, without one, to that of all accounts. */
  readonly of: (senderId: string | undefined) => Registered | undefined
  /** Registers a receiver for all accounts or for one. Undefined removes it. */
  readonly set: (url: string | undefined, senderId?: string) => void
  /** Enables what was disabled: the receiver of an account, or all. */
  readonly enable: (senderId?: string) => void
  /** The receivers that are disabled. */
  readonly disabled: () => ReadonlyArray<Webhook>
  /** Brings the receivers to their state at the start. */
  readonly reset: (senderId?: string) => void
}

/** From the contract's description of the webhook: ten failed deliveries in a row disable it. */
export const maxFailures = 10

class Receiver implements Registered {
  readonly url: string
  consecutiveFailures = 0

  constructor(url: string) {
    this.url = url
  }

  get isActive(): boolean {
    return this.consecutiveFailures < maxFailures
  }

  attempted(isReceived: boolean): boolean {
    // What was on its way when it was disabled does not enable it.
    if (!this.isActive) return false
    this.consecutiveFailures = isReceived ? 0 : this.consecutiveFailures + 1
    return !this.isActive
  }

  enable(): void {
    this.consecutiveFailures = 0
  }
}

/** `usual` is the receiver of all accounts at the start. */
export const makeWebhooks = (usual: string | undefined): Webhooks => {
  const make = (url: string | undefined) => (url === undefined ? undefined : new Receiver(url))
  let ofAll = make(usual)
  const own = new Map<string, Receiver | undefined>()
  const of = (senderId: string | undefined): Receiver | undefined =>
    senderId !== undefined && own.has(senderId) ? own.get(senderId) : ofAll
  const all = (): ReadonlyArray<Receiver> =>
    [ofAll, ...own.values()].filter((one) => one !== undefined)
  return {
    of,
    set: (url, senderId) => {
      if (senderId === undefined) ofAll = make(url)
      else own.set(senderId, make(url))
    },
    enable: (senderId) => {
      if (senderId === undefined) for (const receiver of all()) receiver.enable()
      else of(senderId)?.enable()
    },
    disabled: () => all().filter(({ isActive }) => !isActive),
    reset: (senderId) => {
      if (senderId === undefined) {
        ofAll = make(usual)
        own.clear()
      } else own.delete(senderId)
    },
  }
}

/** What the routes and the service show of a receiver. */
export const webhookOf = ({ consecutiveFailures, isActive, url }: Webhook): Webhook => ({
  url,
  consecutiveFailures,
  isActive,
})

/** Says what is wrong with the URL of a receiver. Undefined when nothing is. */
export const webhookProblem = (url: string): string | undefined =>
  URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    ? undefined
    : "must be an http or https URL, e.g. http://127.0.0.1:3000/webhook"
