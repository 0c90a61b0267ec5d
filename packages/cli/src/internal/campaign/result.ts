/** What became of a campaign, in words, as JSON and as an exit code. */
import { DurableSender } from "@effect-sent/durable"
import { Effect, Stream } from "effect"
import { Ended, usage } from "../ended.ts"
import { Campaign, type CampaignSend } from "./campaign.ts"
import { type Counts, countOf, waiting } from "./counts.ts"

/** What became of the messages of a campaign. */
export interface Result {
  readonly campaign: string
  readonly accepted: number
  readonly notSent: number
  readonly unknown: number
  readonly waiting: number
  readonly attempting: number
  /** How many of those that were accepted are, by the latest update, in which status. Empty if no updates are received. */
  readonly deliveries: Readonly<Record<string, number>>
  /** How many of those that were not sent have which reason. */
  readonly reasons: Readonly<Record<string, number>>
}

/** Counts what became of a campaign. */
export const resultOf = Effect.fnUntraced(function* (campaign: string) {
  const sender = yield* DurableSender.DurableSender
  const counts: Counts = yield* sender.count
  const { hasUpdates, sends } = yield* Campaign
  const reasons = yield* countBy(
    Stream.concat(sends("refused"), sends("expired")),
    ({ send: { reason, state } }) => reasonWords(reason ?? state),
  )
  const deliveries = hasUpdates
    ? yield* countBy(sends("accepted"), ({ delivery }) => delivery?.status)
    : {}
  const result: Result = {
    campaign,
    accepted: countOf(counts, "accepted"),
    notSent: countOf(counts, "refused", "expired", "cancelled"),
    unknown: countOf(counts, "unknown"),
    waiting: countOf(counts, ...waiting),
    attempting: countOf(counts, "attempting"),
    deliveries,
    reasons,
  }
  return result
}, Effect.mapError(usage))

/** Counts sends by what is said of them, the most frequent first. */
const countBy = (
  sends: Stream.Stream<CampaignSend, Ended>,
  wordOf: (send: CampaignSend) => string | undefined,
): Effect.Effect<Readonly<Record<string, number>>, Ended> =>
  sends.pipe(
    Stream.runFold(
      () => new Map<string, number>(),
      (counted, send) => {
        const word = wordOf(send)
        return word === undefined ? counted : counted.set(word, (counted.get(word) ?? 0) + 1)
      },
    ),
    Effect.map((counted) =>
      Object.fromEntries(
        [...counted].toSorted(
          ([one, often], [other, rarely]) => rarely - often || one.localeCompare(other),
        ),
      ),
    ),
  )

/** The words of a reason: `InvalidPhoneNumber` is `invalid phone number`. */
export const reasonWords = (reason: string): string =>
  reason.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

/** Describes a result. */
export const describeResult = (result: Result): string => {
  const { accepted, attempting, campaign, deliveries, notSent, reasons, unknown } = result
  return [
    `${campaign}: ${accepted} accepted${inBrackets(deliveries)}`,
    `${notSent} not sent${inBrackets(reasons)}`,
    `${unknown} unknown`,
    ...(result.waiting === 0 ? [] : [`${result.waiting} waiting`]),
    ...(attempting === 0 ? [] : [`${attempting} being sent`]),
  ].join(", ")
}

const inBrackets = (counts: Readonly<Record<string, number>>): string => {
  const words = Object.entries(counts).map(([word, count]) => `${count} ${word}`)
  return words.length === 0 ? "" : ` (${words.join(", ")})`
}

/** Ends the program as the result asks for. */
export const endWith = ({
  attempting,
  campaign,
  notSent,
  unknown,
}: Result): Effect.Effect<void, Ended> => {
  if (unknown + attempting > 0) {
    return Effect.fail(
      new Ended(
        "unknown",
        `${unknown + attempting} may have been sent and will not be sent again: effect-sent unknown --campaign ${campaign} names them`,
      ),
    )
  }
  return notSent > 0
    ? Effect.fail(
        new Ended(
          "notSent",
          `${notSent} not sent: effect-sent report --campaign ${campaign} says why, and effect-sent retry sends them again`,
        ),
      )
    : Effect.void
}
