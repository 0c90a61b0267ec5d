/** The flags that several commands share. */
import { Option } from "effect"
import { Flag } from "effect/cli"

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
