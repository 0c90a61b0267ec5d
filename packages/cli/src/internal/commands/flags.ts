/** The flags that several commands share. */
import { DurableSender } from "@effect-sent/durable"
import { Config, DateTime, Effect, Option } from "effect"
import { Flag } from "effect/cli"
import { type Ended, usage } from "../ended.ts"

/** A flag that may be absent. */
export const optional = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> =>
  Flag.map(Flag.optional(flag), Option.getOrUndefined)

export const campaign: Flag.Flag<string | undefined> = Flag.String("campaign").pipe(
  Flag.withDescription(
    "The name of the campaign, of your choice: each person gets one message of it",
  ),
  optional,
)

export const store: Flag.Flag<string | undefined> = Flag.String("store").pipe(
  Flag.withDescription(
    "The file of the campaign, on a disk of this machine; by default, one in your data folder",
  ),
  optional,
)

export const json: Flag.Flag<boolean> = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the result as JSON"),
  Flag.withDefault(false),
)

export const concurrency: Flag.Flag<number> = Flag.Int("concurrency").pipe(
  Flag.withDescription("The maximum number of messages that are sent at the same time"),
  Flag.withDefault(8),
)

export const rate: Flag.Flag<number | undefined> = Flag.Int("rate").pipe(
  Flag.withDescription("The maximum number of requests that this run begins in a second"),
  optional,
)

export const publicUrl: Flag.Flag<string | undefined> = Flag.String("public-url").pipe(
  Flag.withDescription(
    "The public URL of the route that receives delivery updates in the same store, with its secret in SENT_TRACKER_SECRET",
  ),
  Flag.withFallbackConfig(Config.String("SENT_PUBLIC_URL")),
  optional,
)

export const quietHours: Flag.Flag<string | undefined> = Flag.String("quiet-hours").pipe(
  Flag.withDescription(
    'When this run sends nothing, by the clock of a time zone, e.g. "21:00-08:00 Europe/Berlin"; it waits until they end',
  ),
  optional,
)

/** Reads quiet hours as they are written in the flag. */
export const readQuietHours = (
  text: string | undefined,
): Effect.Effect<DurableSender.QuietHours | undefined, Ended> => {
  if (text === undefined) return Effect.succeed(undefined)
  const [, from, to, zone] = /^(\d\d:\d\d)-(\d\d:\d\d) (\S+)$/.exec(text) ?? []
  if (from === undefined || to === undefined || zone === undefined) return invalidQuietHours
  const read = { from, to, zone }
  return DateTime.now.pipe(
    Effect.flatMap((now) => DurableSender.openingAt(read, now)),
    Effect.as(read),
    Effect.catchTag("SentError", () => invalidQuietHours),
  )
}

const invalidQuietHours = Effect.fail(
  usage(
    '--quiet-hours must be two different times of 24 hours and an IANA time zone, e.g. "21:00-08:00 Europe/Berlin"',
  ),
)

/** Refuses numbers that are less than 1. */
export const checkWhole = (
  numbers: Readonly<Record<string, number | undefined>>,
): Effect.Effect<void, Ended> => {
  const wrong = Object.entries(numbers).find(([, value]) => value !== undefined && value < 1)
  return wrong === undefined ? Effect.void : Effect.fail(usage(`--${wrong[0]} must be 1 or more`))
}
