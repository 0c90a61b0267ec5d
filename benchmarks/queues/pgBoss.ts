/**
 * pg-boss, as it is by default, without the pauses between its own looks at the table. Version 12.38 has OpenTelemetry as a peer, which
 * would give the workspace a second vitest.
 */
import { PgBoss } from "pg-boss"
import { batch, concurrency, message, type Queue } from "./queue.ts"

const name = "messages"

/** Makes a queue in a Postgres database. */
export const pgBossQueue = async (connectionString: string): Promise<Queue> => {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false })
  boss.on("error", (error) => console.error(error))
  await boss.start()
  await boss.createQueue(name)

  return {
    enqueue: async (times) => {
      const turns = Array.from({ length: times }).values()
      const enqueue = async (): Promise<void> => {
        // Each waits for its turn.
        // oxlint-disable-next-line no-await-in-loop
        for (const _ of turns) await boss.send(name, message)
      }
      await Promise.all(Array.from({ length: concurrency }, enqueue))
    },
    enqueueAll: async (times) => {
      for (let done = 0; done < times; done += batch) {
        // One after the other, as `enqueueAll` of durable sends.
        // oxlint-disable-next-line no-await-in-loop
        await boss.insert(
          name,
          Array.from({ length: Math.min(batch, times - done) }, () => ({ data: message })),
        )
      }
    },
    work: async (times) => {
      for (let done = 0; done < times; done += concurrency) {
        // oxlint-disable-next-line no-await-in-loop
        const jobs = await boss.fetch(name, { batchSize: Math.min(concurrency, times - done) })
        // oxlint-disable-next-line no-await-in-loop
        await Promise.all(jobs.map(({ id }) => boss.complete(name, id)))
      }
    },
    clear: async () => {
      await boss.deleteAllJobs(name)
    },
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false }),
  }
}
