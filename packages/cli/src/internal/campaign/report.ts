/** The report of a campaign for a spreadsheet: who got the message, who did not and why, and of whom it is unknown. */
import type { DurableSender } from "@effect-sent/durable"
import { DateTime, Effect, Redacted, Stream } from "effect"
import { stringify } from "csv-stringify/sync"
import type { Ended } from "../ended.ts"
import { Campaign, type CampaignSend } from "./campaign.ts"
import { reasonWords } from "./result.ts"

/** A person of a campaign. */
export interface Person {
  /** The number. Empty once it is blanked. */
  readonly to: string
  readonly outcome: string
  /** The status by the latest delivery update, e.g. `delivered`. Empty if there was none. */
  readonly delivery: string
  readonly reason: string
  /** The file of the list, and the line in it. */
  readonly list: string
  readonly line: string
  /** Since when the delivery, or else the outcome, is as it is. */
  readonly since: string
}

const outcomes: { readonly [S in DurableSender.State]: string } = {
  accepted: "accepted",
  refused: "not sent",
  expired: "not sent",
  cancelled: "not sent",
  unknown: "unknown",
  attempting: "being sent",
  pending: "waiting",
  claimed: "waiting",
}

/** The people of a campaign, in the order of the lists: all, or those in a state. */
export const people = Effect.fnUntraced(function* (
  state?: DurableSender.State,
): Effect.fn.Return<ReadonlyArray<Person>, Ended, Campaign> {
  const { sends } = yield* Campaign
  return (yield* Stream.runCollect(sends(state)))
    .map((send) => personOf(send))
    .toSorted(
      (one, other) => one.list.localeCompare(other.list) || Number(one.line) - Number(other.line),
    )
})

const personOf = ({ delivery, send }: CampaignSend): Person => {
  const { enqueuedAt, phoneNumber, reason, reference = "", settledAt, state } = send
  const colon = reference.lastIndexOf(":")
  return {
    to: phoneNumber === undefined ? "" : Redacted.value(phoneNumber),
    outcome: outcomes[state],
    delivery: delivery?.status ?? "",
    // An accepted message may have the reason of an earlier attempt.
    reason: state === "accepted" || reason === undefined ? "" : reasonWords(reason),
    list: reference.slice(0, Math.max(0, colon)),
    line: reference.slice(colon + 1),
    since: DateTime.formatIso(delivery?.at ?? settledAt ?? enqueuedAt),
  }
}

/** The people as CSV, which has the column `to` of a list. */
export const csvOf = (rows: ReadonlyArray<Person>): string =>
  stringify([...rows], {
    header: true,
    columns: ["to", "outcome", "delivery", "reason", "list", "line", "since"],
    cast: {
      // A number begins with +, as formulas may. The name of a file can be one.
      string: (value, { column }) =>
        column !== "to" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value,
    },
  })
