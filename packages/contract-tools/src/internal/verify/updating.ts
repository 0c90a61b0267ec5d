/** Checks the updates that follow the requests of a case. */
import type { Operation } from "@effect-sent/contract/Contract"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isDeepStrictEqual } from "node:util"
import type { Finding } from "../../ContractReport.ts"
import type { Updating } from "./cases/case.ts"
import type { Counting } from "./coverage.ts"
import type { Inbox, Receiver } from "./receiver.ts"
import { consistency, type ReceivedUpdate, updateFinding } from "./update.ts"

/** Nothing has come in the whole run: whether the server sends updates cannot be told. */
export const unreached = Symbol("unreached")

export interface UpdatingParts {
  readonly counting: Counting
  readonly timeoutMillis: number
  readonly operation: Operation
  readonly updates: Updating
  readonly inbox: Inbox
  readonly receiver: Receiver
  /** When the answer came that accepts the message. 0 where updates may come before it. */
  readonly answeredAt: number
  /** The body of the request. */
  readonly request: unknown
}

/**
 * An update that is seen less than this before the answer may have been sent after it: the answer has another way, which may lead
 * through a proxy on a busy machine.
 */
const toleranceMillis = 250

/** How long to wait for updates once it is known that none come. */
const graceMillis = 250

export const checkUpdates = Effect.fnUntraced(function* (
  parts: UpdatingParts,
): Effect.fn.Return<ReadonlyArray<Finding> | typeof unreached> {
  const { answeredAt, counting, inbox, operation, receiver, request, timeoutMillis, updates } =
    parts
  const wanted = updates.expected.map(({ example }) => example)
  const inTime = yield* Effect.timeoutOption(
    inbox.wait,
    receiver.giveUp ? Math.min(graceMillis, timeoutMillis) : timeoutMillis,
  )
  if (wanted.length > 0 && !receiver.hasReceived()) {
    receiver.giveUp = true
    return unreached
  }
  for (const { example, raw } of inbox.received) {
    counting.updated(operation, example, raw.headers)
  }
  const findings = inbox.received.flatMap((update) => update.findings)
  const { again, once } = split(inbox.received, updates)
  const came = once.map(({ example }) => example ?? "an unknown update")
  const isRepeated = updates.receiver?.isRepeated === true
  const isComplete = came.join() === wanted.join()
  return [
    ...findings,
    ...(inbox.received.some(({ raw }) => raw.at < answeredAt - toleranceMillis)
      ? [
          updateFinding(
            "update-before-answer",
            "an update came before the answer that accepts its message",
          ),
        ]
      : []),
    ...(isRepeated && again === undefined ? [notRepeated(updates, timeoutMillis)] : []),
    ...(isComplete && (Option.isSome(inTime) || isRepeated)
      ? consistency(once, request, updates.scenario)
      : [
          updateFinding(
            "wrong-updates",
            `expected the updates ${list(wanted)}; received ${list(came)}`,
          ),
        ]),
  ]
})

/** The repetition of the first update, if it must be repeated, and the others. */
const split = (
  received: ReadonlyArray<ReceivedUpdate>,
  { receiver }: Updating,
): { readonly again: ReceivedUpdate | undefined; readonly once: ReadonlyArray<ReceivedUpdate> } => {
  const [first, ...others] = received
  if (receiver?.isRepeated !== true || first === undefined)
    return { again: undefined, once: received }
  const again = others.find(({ body }) => isDeepStrictEqual(body, first.body))
  return { again, once: received.filter((update) => update !== again) }
}

const notRepeated = ({ receiver }: Updating, timeoutMillis: number): Finding => {
  const did =
    receiver?.status === undefined ? "closed the connection" : `answered ${receiver.status}`
  return updateFinding(
    "update-not-repeated",
    `the receiver ${did}, and the update was not sent again within ${timeoutMillis / 1000} seconds`,
  )
}

const list = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "none" : names.join(", ")
