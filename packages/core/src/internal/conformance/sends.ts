/** What a delivery store guarantees of sends. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as DeliveryStatus from "../../DeliveryStatus.ts"
import * as DeliveryStore from "../../DeliveryStore.ts"
import {
  type Case,
  type Store,
  same,
  has,
  idsOf,
  unknownOf,
  fresh,
  at,
  expiresAt,
  minute,
  stepOf,
  partsOf,
  nonEmpty,
  claimOf,
  oddTexts,
} from "./check.ts"

/** Parts that differ in their outcome, their expiry and their opening. */
const differing = (id: string): ReadonlyArray<DeliveryStore.SendRecord> => [
  {
    id,
    expiresAt: at(1),
    outcome: { delivery: "unknown", at: at(9), reason: "TimedOut" },
  },
  { id, expiresAt: at(3), outcome: { delivery: "not-sent", at: at(8), reason: "x" } },
  { id, expiresAt: at(2), outcome: { delivery: "accepted", at: at(7) }, openedAt: at(5) },
  { id, expiresAt: at(1), outcome: { delivery: "accepted", at: at(6) }, openedAt: at(4) },
]

/** The cases about sends. */
export const sendCases: ReadonlyArray<Case> = [
  {
    name: "finds nothing by ids that it does not have",
    run: Effect.fnUntraced(function* (one) {
      const none = yield* fresh
      for (const by of [
        { id: none },
        { messageId: none },
        { reference: none },
        { idempotencyKey: none },
      ]) {
        yield* same([], yield* one.find(by))
      }
    }),
  },
  {
    name: "joins the parts of a send, in any order and whoever appends them",
    run: Effect.fnUntraced(function* (one, other) {
      for (const order of [1, 2, 3, 4]) {
        const id = yield* fresh
        // 7 parts, in four different orders.
        const parts = partsOf(id)
        for (const index of parts.keys()) {
          const part = parts[(index * order) % parts.length]
          if (part !== undefined) yield* (index % 2 === 0 ? one : other).append(part)
        }
        yield* has(one, ...nonEmpty(id, parts))
        yield* has(other, ...nonEmpty(id, parts))
      }
    }),
  },
  {
    name: "loses nothing that is appended at the same time",
    run: Effect.fnUntraced(function* (one, other) {
      const ids = yield* Effect.all(Array.from({ length: 10 }, () => fresh))
      const appends = ids.flatMap((id) =>
        partsOf(id).map((part, index) => (index % 2 === 0 ? one : other).append(part)),
      )
      yield* Effect.all(appends, { concurrency: "unbounded", discard: true })
      for (const id of ids) yield* has(other, ...nonEmpty(id, partsOf(id)))
    }),
  },
  {
    name: "is not changed by what it has already",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const parts = partsOf(id)
      yield* Effect.forEach([...parts, ...parts], one.append, { discard: true })
      yield* Effect.forEach(parts, other.append, { concurrency: "unbounded", discard: true })
      yield* has(one, ...nonEmpty(id, parts))
    }),
  },
  {
    name: "keeps the earliest receipt of an event, whichever was appended first",
    run: Effect.fnUntraced(function* (one, other) {
      for (const receipts of [
        [9, 5, 7],
        [5, 9, 7],
        [7, 9, 5],
      ]) {
        const id = yield* fresh
        const parts = receipts.flatMap((receipt) => [
          { id, expiresAt, steps: [stepOf(id, "SENT", 1, { receivedAt: at(receipt) })] },
          {
            id,
            expiresAt,
            steps: [stepOf(id, "SENT", 1, { statedAt: undefined, receivedAt: at(receipt) })],
          },
        ])
        yield* Effect.forEach(parts, (part, index) => (index % 2 === 0 ? one : other).append(part))
        yield* has(one, ...nonEmpty(id, parts))
      }
    }),
  },
  {
    name: "tells events apart by message, status and stated time",
    run: Effect.fnUntraced(function* (one) {
      const id = yield* fresh
      const steps = [
        stepOf(`1-${id}`, "SENT", 1),
        stepOf(`2-${id}`, "SENT", 1),
        stepOf(`1-${id}`, "DELIVERED", 1),
        stepOf(`1-${id}`, "SENT", 2),
        stepOf(`1-${id}`, "SENT", 1, { statedAt: undefined }),
        stepOf(`1-${id}`, "SENT", 3, { channel: undefined }),
      ]
      const parts = steps.map((step) => ({ id, expiresAt, steps: [step] }))
      yield* Effect.forEach(parts, one.append, { discard: true })
      yield* has(one, ...nonEmpty(id, parts))
      yield* same(steps.length, (yield* one.find({ id }))[0]?.steps.length)
    }),
  },
  {
    name: "joins what differs: the outcome that says most, the later expiry, the earlier opening",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      for (const [suffix, order] of [
        ["a", [0, 1, 2, 3]],
        ["b", [3, 2, 1, 0]],
        ["c", [2, 0, 3, 1]],
      ] as const) {
        const own = differing(`${id}${suffix}`)
        for (const index of order) {
          const part = own[index]
          if (part !== undefined) yield* (index % 2 === 0 ? one : other).append(part)
        }
        yield* has(one, ...nonEmpty(`${id}${suffix}`, own))
      }
    }),
  },
  {
    name: "keeps a status that it does not know",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const part = { id, expiresAt, steps: [stepOf(id, "PAUSED.BY-OPERATOR_2", 1)] }
      yield* one.append(part)
      yield* has(other, part)
    }),
  },
  {
    name: "keeps the steps that count, of more than a state has",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const steps = Array.from({ length: DeliveryStatus.maxSteps + 20 }, (_, index) =>
        stepOf(id, index === 3 ? "DELIVERED" : index % 2 === 0 ? "QUEUED" : "PAUSED", index),
      )
      yield* Effect.forEach(
        steps,
        (step, index) => (index % 2 === 0 ? one : other).append({ id, expiresAt, steps: [step] }),
        { concurrency: 4, discard: true },
      )
      const [found] = yield* one.find({ id })
      yield* same(DeliveryStatus.fromSteps(steps), DeliveryStatus.fromSteps(found?.steps ?? []))
    }),
  },
  {
    name: "finds a send by its messages, of an outcome and of steps",
    run: Effect.fnUntraced(function* (one, other) {
      const [id, accepted, first, second] = yield* Effect.all([fresh, fresh, fresh, fresh])
      yield* one.append({
        id,
        expiresAt,
        outcome: { delivery: "accepted", at: at(1), messageId: accepted },
      })
      yield* other.append({ id, expiresAt, steps: [stepOf(first, "SENT", 1)] })
      yield* one.append({ id, expiresAt, steps: [stepOf(second, "SENT", 1)] })
      for (const messageId of [accepted, first, second]) {
        yield* same([id], idsOf(yield* other.find({ messageId })))
      }
    }),
  },
  {
    name: "finds all sends of a reference, the latest first",
    run: Effect.fnUntraced(function* (one, other) {
      const [reference, a, b, c] = yield* Effect.all([fresh, fresh, fresh, fresh])
      yield* one.append({ id: b, expiresAt, reference, openedAt: at(2) })
      yield* other.append({ id: c, expiresAt, reference, openedAt: at(3) })
      yield* one.append({ id: a, expiresAt, reference, openedAt: at(1) })
      yield* same([c, b, a], idsOf(yield* one.find({ reference })))
    }),
  },
  {
    name: "finds all sends of an idempotency key, and takes it for no reference",
    run: Effect.fnUntraced(function* (one, other) {
      const [idempotencyKey, a, b, c] = yield* Effect.all([fresh, fresh, fresh, fresh])
      yield* one.append({ id: a, expiresAt, idempotencyKey, openedAt: at(1) })
      yield* other.append({ id: b, expiresAt, idempotencyKey, openedAt: at(2) })
      yield* one.append({ id: c, expiresAt, reference: idempotencyKey, openedAt: at(3) })
      yield* same([b, a], idsOf(yield* one.find({ idempotencyKey })))
      yield* same([c], idsOf(yield* other.find({ reference: idempotencyKey })))
    }),
  },
  {
    name: "finds at most maxFound sends, the latest",
    run: Effect.fnUntraced(function* (one) {
      const [reference, prefix] = yield* Effect.all([fresh, fresh])
      const numbers = Array.from({ length: DeliveryStore.maxFound + 5 }, (_, index) => index)
      yield* Effect.forEach(
        numbers,
        (index) =>
          one.append({ id: `${prefix}-${index}`, expiresAt, reference, openedAt: at(index) }),
        { concurrency: 8, discard: true },
      )
      yield* same(
        numbers
          .slice(5)
          .toReversed()
          .map((index) => `${prefix}-${index}`),
        idsOf(yield* one.find({ reference })),
      )
    }),
  },
  {
    name: "compares texts exactly",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const references = [...oddTexts, "case", "CASE", "case "].map((text) => `${text}${id}`)
      yield* Effect.forEach(
        references,
        (reference, index) => one.append({ id: `${id}-${index}`, expiresAt, reference }),
        { discard: true },
      )
      for (const [index, reference] of references.entries()) {
        yield* same([`${id}-${index}`], idsOf(yield* other.find({ reference })))
        const claim = yield* claimOf(reference, minute)
        yield* same("claimed", yield* one.claim(claim))
      }
      yield* one.append({ id: `${id}a`, expiresAt, openedAt: at(1) })
      yield* one.append({ id: `${id}A`, expiresAt, openedAt: at(2) })
      yield* has(other, { id: `${id}A`, expiresAt, openedAt: at(2) })
    }),
  },
  {
    name: "lists the sends that are unknown, page by page",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const opened = (name: string) => ({ id: `${id}-${name}`, expiresAt, openedAt: at(10) })
      const send = Effect.fnUntraced(function* (
        name: string,
        delivery?: DeliveryStore.Delivery,
        status?: string,
      ) {
        yield* one.append(opened(name))
        if (delivery !== undefined) {
          yield* other.append({ ...opened(name), outcome: { delivery, at: at(11) } })
        }
        if (status !== undefined) {
          yield* one.append({ ...opened(name), steps: [stepOf(`${id}-${name}`, status, 12)] })
        }
      })
      yield* send("killed")
      yield* send("unknown", "unknown")
      yield* send("unknown-too", "unknown")
      yield* send("accepted", "accepted")
      yield* send("refused", "not-sent")
      yield* send("proven", "unknown", "SENT")
      yield* send("killed-and-proven", undefined, "FAILED")
      yield* one.append({ id: `${id}-without-opening`, expiresAt })
      const names = [
        "killed",
        "unknown",
        "unknown-too",
        "accepted",
        "refused",
        "proven",
        "killed-and-proven",
        "without-opening",
      ].map((name) => `${id}-${name}`)
      const expected = ["killed", "unknown", "unknown-too", "without-opening"]
        .map((name) => `${id}-${name}`)
        .toSorted()
      yield* same(expected, yield* unknownOf(one, names))
      yield* same(expected, yield* unknownOf(other, names, { limit: 1 }))
      yield* same(expected, yield* unknownOf(one, names, { openedBefore: at(11), limit: 2 }))
      yield* same([`${id}-without-opening`], yield* unknownOf(one, names, { openedBefore: at(10) }))
    }),
  },
  {
    name: "forgets sends that have expired, and none before",
    run: Effect.fnUntraced(function* (one, other) {
      const id = yield* fresh
      const before = DateTime.makeUnsafe("2001-01-01")
      const part = (name: string, expiry: DateTime.Utc) => ({
        id: `${id}-${name}`,
        expiresAt: expiry,
        reference: `${id}-${name}`,
        steps: [stepOf(`${id}-${name}`, "SENT", 1)],
      })
      const due = part("due", before)
      const later = part("later", DateTime.add(before, { milliseconds: 1 }))
      const extended = part("extended", before)
      yield* Effect.forEach([due, later, extended], one.append, { discard: true })
      yield* other.append({ id: extended.id, expiresAt })
      // Expired long ago, and found all the same.
      yield* has(other, due)
      const forgetAll = Effect.fnUntraced(function* (store: Store, limit: number) {
        for (;;) {
          const count = yield* store.forget({ before, limit })
          if (count > limit) yield* same(`at most ${limit}`, count)
          if (count === 0) return
        }
      })
      yield* forgetAll(one, 1)
      for (const by of [{ id: due.id }, { messageId: due.id }, { reference: due.id }]) {
        yield* same([], yield* other.find(by))
      }
      yield* has(other, later)
      yield* has(one, extended, { id: extended.id, expiresAt })
      // An update that comes later begins a new record.
      yield* other.append({ id: due.id, expiresAt, openedAt: at(1) })
      yield* has(one, { id: due.id, expiresAt, openedAt: at(1) })
      yield* forgetAll(other, 1_000)
    }),
  },
  {
    name: "is not damaged by an interruption",
    run: Effect.fnUntraced(function* (one, other) {
      const [id, key] = yield* Effect.all([fresh, fresh])
      const [first, ...rest] = partsOf(id)
      if (first === undefined) return
      yield* one.append(first)
      const claim = yield* claimOf(key, minute)
      for (const part of rest) {
        const fiber = yield* Effect.forkChild(one.claim(claim, part), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
      }
      // Written or not, and now certainly.
      yield* Effect.forEach(rest, other.append, { concurrency: "unbounded", discard: true })
      yield* has(one, ...nonEmpty(id, partsOf(id)))
      yield* same("claimed", yield* other.claim(claim))
      yield* same("held", yield* one.claim(yield* claimOf(key, minute)))
    }),
  },
]
