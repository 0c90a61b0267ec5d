/** How our mock sends updates under load: the accepted messages per second, and the memory. */
import { Effect } from "effect"
import { sample } from "@effect-sent/faults/sample"
import { makeReceivers, type Receivers } from "../support/receivers.ts"
import type { Row } from "../support/table.ts"
import { Broken, load } from "./load.ts"
import { type Done, type Plan, settleMillis } from "./plan.ts"
import { ours, residentMemory, type Running, type Server, start } from "./server.ts"

/** One in this many messages has a receiver that never answers 2xx. */
const brokenEvery = 20

/** Chooses the receiver of a message. */
export type Receive = (receivers: Receivers, index: number) => string

export const healthy: Receive = ({ healthy: url }) => url

export const mixed: Receive = ({ broken, healthy: url }, index) =>
  (index % brokenEvery === 0 ? broken[(index / brokenEvery) % broken.length] : url) ?? url

const hanging: Receive = ({ broken: [url = ""] }) => url

/** A mock, and the receivers of the messages that are sent to it. */
interface Sending {
  readonly running: Running
  readonly receivers: Receivers
  readonly receive: Receive
  sent: number
  millis: number
  /** The resident memory in megabytes, after each round. */
  readonly memory: Array<number>
}

const rounds = 20

export const startSending = Effect.fnUntraced(function* (
  receive: Receive,
  server: Server = ours,
  ...flags: ReadonlyArray<string>
) {
  const receivers = yield* makeReceivers
  const running = yield* start(server, "default", ...flags)
  const sending: Sending = { running, receivers, receive, sent: 0, millis: 0, memory: [] }
  return sending
})

/** Sends some messages. */
export const sendRound = Effect.fnUntraced(function* (
  sending: Sending,
  count: number,
): Effect.fn.Return<void, Broken> {
  const { memory, receive, receivers, running, sent: before } = sending
  const bodyOf = (index: number): string =>
    JSON.stringify({
      ...sample,
      phoneNumber: numberOf(before + index),
      webhookUrl: receive(receivers, before + index),
    })
  const startedAt = performance.now()
  yield* load(running, bodyOf, (sent) => sent < count)
  sending.millis += performance.now() - startedAt
  sending.sent += count
  memory.push(residentMemory(running))
})

export const perSecond = ({ millis, sent }: Sending): number => (sent / millis) * 1000

/**
 * Waits for the updates. Fails when the healthy receiver got the updates of a message out of order, or did not get them although the
 * mock dropped none.
 */
const checkDelivered = Effect.fnUntraced(function* ({
  receive,
  receivers,
  running,
  sent,
}: Sending): Effect.fn.Return<void, Broken> {
  const own = Array.from({ length: sent }, (_each, index) => index).filter(
    (index) => receive(receivers, index) === receivers.healthy,
  )
  const incomplete = (): ReadonlyArray<number> =>
    own.filter((index) => receivers.received.get(numberOf(index))?.length !== order.length)
  const dropped = yield* settled(running, incomplete)
  const missing = incomplete().length
  if (missing > 0 && dropped === 0) {
    yield* new Broken({ message: `${missing} messages lack updates, and none was dropped` })
  }
  for (const statuses of receivers.received.values()) {
    if (statuses.join() !== order.slice(0, statuses.length).join()) {
      yield* new Broken({ message: `updates arrived out of order: ${statuses.join(", ")}` })
    }
  }
})

/** Sends to a mock whose receivers are healthy, and to one of which some are not, in turns: other work slows both. */
const compare = Effect.fnUntraced(function* ({ updated: count }: Plan, done: Done) {
  const best = yield* startSending(healthy)
  const some = yield* startSending(mixed)
  for (let round = 0; round < rounds; round++) {
    for (const sending of round % 2 === 0 ? [best, some] : [some, best]) {
      yield* sendRound(sending, count / rounds)
      yield* Effect.sleep(settleMillis)
    }
  }
  yield* checkDelivered(best)
  yield* checkDelivered(some)
  done()
  return { best, some }
}, Effect.scoped)

/** Sends messages whose receivers all hang, so that the bound on what is pending is soon exceeded. */
const pending = Effect.fnUntraced(function* ({ updated: count }: Plan, done: Done) {
  const most = String(Math.floor(count / 3))
  const sending = yield* startSending(hanging, ours, "--max-pending", most)
  for (let round = 0; round < rounds; round++) yield* sendRound(sending, count / rounds)
  done()
  return sending
}, Effect.scoped)

const numberOf = (index: number): string => `+1206${String(index).padStart(7, "0")}`

const order = ["QUEUED", "ROUTED", "SENT", "DELIVERED"]

/** Waits until the healthy receiver has every update, or the mock has dropped some. Returns the number of dropped updates. */
const settled = Effect.fnUntraced(function* (
  { port }: Running,
  incomplete: () => ReadonlyArray<number>,
) {
  let before = -1
  for (;;) {
    const { droppedUpdates = 0 } = Object(
      yield* Effect.promise(async () =>
        (await fetch(`http://127.0.0.1:${port}/__mock/info`)).json(),
      ),
    )
    const left = incomplete().length
    if (left === 0 || (left === before && droppedUpdates > 0)) return Number(droppedUpdates)
    before = left
    yield* Effect.sleep(settleMillis)
  }
})

/** The number of calls of `done`. */
export const updatesSteps = 2

export const updatesRows = Effect.fnUntraced(function* (plan: Plan, done: Done) {
  const { best, some } = yield* compare(plan, done)
  const bounded = yield* pending(plan, done)
  const many = plan.updated.toLocaleString("en")
  const what = `with updates of ${many}, 1 in ${brokenEvery} to broken receivers`
  const ratio = perSecond(some) / perSecond(best)
  const peak = Math.max(...some.memory)
  // The bound is reached after a third of the messages; half gives the garbage collector time.
  const half = bounded.memory.length / 2
  const before = Math.max(...bounded.memory.slice(0, half))
  const after = Math.max(...bounded.memory.slice(half))
  return [
    {
      what: `accepted, ${what}`,
      unit: "per second",
      ours: perSecond(some),
      prism: undefined,
      ratio,
      target: "at least 0.8 x that with healthy receivers",
      met: ratio >= 0.8,
    },
    {
      what: `memory, ${what}`,
      unit: "MB",
      ours: peak,
      prism: undefined,
      ratio: undefined,
      target: "at most 350 MB",
      met: peak <= 350,
    },
    {
      what: `memory past the bound, with updates of ${many}, all to receivers that hang`,
      unit: "MB",
      ours: after,
      prism: undefined,
      ratio: after / before,
      target: "at most 1.15 x that of the first half",
      met: after / before <= 1.15,
    },
  ] satisfies ReadonlyArray<Row>
})
