/** What became of a campaign, in words, as JSON and as an exit code. */
import { DurableSender } from "@effect-sent/durable"
import { Effect, Stream } from "effect"
import { Ended, usage } from "../ended.ts"
import { type Counts, countOf, waiting } from "./work.ts"

/** What became of the messages of a campaign. */
export interface Result {
  readonly campaign: string
  readonly accepted: number
  readonly notSent: number
  readonly unknown: number
  readonly waiting: number
  readonly attempting: number
  /** How many of those that were not sent have which reason. */
  readonly reasons: Readonly<Record<string, number>>
}

/** Counts what became of a campaign. */
export const resultOf = Effect.fnUntraced(function* (campaign: string) {
  const sender = yield* DurableSender.DurableSender
  const counts: Counts = yield* sender.count
  const reasons: Record<string, number> = {}
  yield* Stream.runForEach(
    Stream.concat(sender.list("refused"), sender.list("expired")),
    ({ reason, state }) =>
      Effect.sync(() => {
        const why = reasonWords(reason ?? state)
        reasons[why] = (reasons[why] ?? 0) + 1
      }),
  )
  const result: Result = {
    campaign,
    accepted: countOf(counts, "accepted"),
    notSent: countOf(counts, "refused", "expired", "cancelled"),
    unknown: countOf(counts, "unknown"),
    waiting: countOf(counts, ...waiting),
    attempting: countOf(counts, "attempting"),
    reasons,
  }
  return result
}, Effect.mapError(usage))

/** The words of a reason: `InvalidPhoneNumber` is `invalid phone number`. */
export const reasonWords = (reason: string): string =>
  reason.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

/** Describes a result. */
export const describeResult = (result: Result): string => {
  const { accepted, attempting, campaign, notSent, reasons, unknown } = result
  const why = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`)
  return [
    `${campaign}: ${accepted} accepted`,
    `${notSent} not sent${why.length === 0 ? "" : ` (${why.join(", ")})`}`,
    `${unknown} unknown`,
    ...(result.waiting === 0 ? [] : [`${result.waiting} waiting`]),
    ...(attempting === 0 ? [] : [`${attempting} being sent`]),
  ].join(", ")
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
        `${unknown + attempting} may have been sent, and are not sent again: effect-sent unknown --campaign ${campaign} names them`,
      ),
    )
  }
  return notSent > 0
    ? Effect.fail(
        new Ended(
          "notSent",
          `${notSent} were not sent: effect-sent report --campaign ${campaign} says why, and effect-sent retry sends them again`,
        ),
      )
    : Effect.void
}
