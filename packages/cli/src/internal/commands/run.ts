/** Sends what waits in a campaign, and says what became of it. `send` and `retry` end with it. */
import type { SentClient } from "@effect-sent/core"
import type { DurableSender } from "@effect-sent/durable"
import { Console, Effect } from "effect"
import { Ended } from "../ended.ts"
import type { Campaign } from "../campaign/campaign.ts"
import { makeProgress } from "../campaign/progress.ts"
import { describeResult, endWith, type Result, resultOf } from "../campaign/result.ts"
import { work } from "../campaign/work.ts"

/** How a campaign is run. */
export interface Options {
  readonly campaign: string
  readonly concurrency: number
  /** When nothing is sent. */
  readonly quietHours: DurableSender.QuietHours | undefined
  readonly json: boolean
  /** How many rows of the list were not added, because the campaign has another message for the person. Default: 0. */
  readonly others?: number
}

/** Sends what waits, and prints the result, also after Ctrl-C. */
export const run = Effect.fnUntraced(function* ({
  campaign,
  concurrency,
  json,
  others = 0,
  quietHours,
}: Options): Effect.fn.Return<
  void,
  Ended,
  Campaign | DurableSender.DurableSender | SentClient.SentClient
> {
  const say = Effect.flatMap(resultOf(campaign), (result) =>
    Effect.as(Console.log(printed(result, json)), result),
  )
  yield* Effect.scoped(
    Effect.flatMap(makeProgress, (progress) => work({ concurrency, quietHours, progress })),
  ).pipe(
    Effect.onInterrupt(() => Effect.ignore(say)),
    Effect.tapError(() => Effect.ignore(say)),
  )
  yield* Effect.flatMap(say, endWith)
  if (others > 0)
    yield* Effect.fail(new Ended("notSent", `${others} rows of the list were not sent`))
})

/** A result as it is printed. */
export const printed = (result: Result, json: boolean): string =>
  json ? JSON.stringify(result) : describeResult(result)
