/** A queue that is compared. */

/** What is measured of a queue: each is done so often, and the promise resolves when all of it is on the disk. */
export interface Queue extends AsyncDisposable {
  /** Enqueues messages one by one, 10 at the same time. */
  readonly enqueue: (times: number) => Promise<void>
  /** Enqueues messages, 500 in a statement. */
  readonly enqueueAll: (times: number) => Promise<void>
  /** Claims what is due, 10 at the same time, and completes one by one, until so many are done. */
  readonly work: (times: number) => Promise<void>
  /** Removes all messages. */
  readonly clear: () => Promise<void>
}

/** How many messages are enqueued or sent at the same time. */
export const concurrency = 10

/** How many messages a statement enqueues. */
export const batch = 500

/** The message that is enqueued. */
export const message = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
}
