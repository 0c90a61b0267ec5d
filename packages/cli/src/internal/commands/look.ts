/** `effect-sent status`, `unknown` and `report`: what became of a campaign. Nothing is sent. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { writeFileSync } from "node:fs"
import { campaignLayer } from "../campaign/campaign.ts"
import { csvOf, people, type Person } from "../campaign/report.ts"
import { resultOf } from "../campaign/result.ts"
import { placeOf } from "../campaign/store.ts"
import { type Ended, messageOf, usage } from "../ended.ts"
import * as Shared from "./flags.ts"
import { printed } from "./run.ts"

/** How many messages were accepted, were not sent and why, are unknown, and wait. */
export const status = Command.make(
  "status",
  { campaign: Shared.campaign, store: Shared.store, json: Shared.json },
  Effect.fnUntraced(function* ({ campaign, json, store }) {
    const place = yield* placeOf(campaign, store)
    const result = yield* Effect.provide(
      resultOf(place.name),
      campaignLayer(place, { create: false }),
    )
    yield* Console.log(printed(result, json))
  }),
).pipe(
  Command.withDescription("Says how many messages of a campaign were accepted, and how many not."),
)

/** The people of whom it is unknown whether they got the message. */
export const unknown = Command.make(
  "unknown",
  { campaign: Shared.campaign, store: Shared.store, json: Shared.json },
  Effect.fnUntraced(function* ({ campaign, json, store }) {
    const place = yield* placeOf(campaign, store)
    const rows = yield* Effect.provide(people("unknown"), campaignLayer(place, { create: false }))
    yield* Console.log(
      json
        ? JSON.stringify(rows)
        : [
            `${rows.length} may have been sent and will not be sent again by themselves`,
            ...rows.map(
              ({ line, list, reason, since, to }) =>
                `  ${to === "" ? "(number no longer kept)" : to}  ${list} line ${line}  ${reason === "" ? "the run was killed" : reason}  ${since}`,
            ),
          ].join("\n"),
    )
  }),
).pipe(
  Command.withDescription(
    "Names the people who may have got the message: ask the provider, or them, before you send it again.",
  ),
)

/** The report of a campaign as CSV. */
export const report = Command.make(
  "report",
  {
    campaign: Shared.campaign,
    store: Shared.store,
    csv: Flag.String("csv").pipe(
      Flag.withDescription("The file to write; by default, the report is printed"),
      Shared.optional,
    ),
  },
  Effect.fnUntraced(function* ({ campaign, csv, store }) {
    const place = yield* placeOf(campaign, store)
    const rows = yield* Effect.provide(people(), campaignLayer(place, { create: false }))
    yield* csv === undefined ? Console.log(csvOf(rows).trimEnd()) : writeReport(csv, rows)
  }),
).pipe(
  Command.withDescription(
    "Writes who got the message, who did not and why, and of whom it is unknown, as CSV.",
  ),
)

const writeReport = (file: string, rows: ReadonlyArray<Person>): Effect.Effect<void, Ended> =>
  Effect.try({
    // It has phone numbers.
    try: () => writeFileSync(file, csvOf(rows), { mode: 0o600 }),
    catch: (error) => usage(`${file} cannot be written: ${messageOf(error)}`),
  })
