/** `effect-sent send`: one message, or one message for each row of a list. */
import { SentClient, type SendToPhone } from "@effect-sent/core"
import { Console, DateTime, Effect } from "effect"
import { Command, Flag, Prompt } from "effect/cli"
import { callbacksOf } from "../campaign/callbacks.ts"
import { Campaign, campaignLayer } from "../campaign/campaign.ts"
import { describeOthers, describePlan, describeProblems, type Plan } from "../campaign/plan.ts"
import { exists, type Place, placeOf } from "../campaign/store.ts"
import { clientLayer } from "../client.ts"
import { Ended, usage } from "../ended.ts"
import { type List, readList } from "../list/list.ts"
import * as Shared from "./flags.ts"
import { run } from "./run.ts"

const flags = {
  to: Flag.String("to").pipe(
    Flag.withDescription("The phone number of one message, e.g. +1234567890"),
    Shared.optional,
  ),
  template: Flag.String("template").pipe(
    Flag.withDescription("The template's GUID; with --csv, that of the rows without a template"),
    Shared.optional,
  ),
  variables: Flag.KeyValuePair("var").pipe(
    Flag.withDescription("A variable of the template, name=value; may be repeated"),
    Shared.optional,
  ),
  webhook: Flag.String("webhook").pipe(
    Flag.withDescription("The URL to which delivery updates of one message are sent"),
    Shared.optional,
  ),
  csv: Flag.String("csv").pipe(
    Flag.withDescription(
      "A list with one message in each row: the columns to, template (or the flag) and webhook (optional); every other column is a variable of the template",
    ),
    Shared.optional,
  ),
  campaign: Shared.campaign,
  store: Shared.store,
  delimiter: Flag.String("delimiter").pipe(
    Flag.withDescription(
      "What separates the cells of the list, e.g. ; or tab; by default, it is found",
    ),
    Shared.optional,
  ),
  allowDuplicates: Flag.Boolean("allow-duplicates").pipe(
    Flag.withDescription("Send each row, also to a number that an earlier row of the list has"),
    Flag.withDefault(false),
  ),
  skipWrong: Flag.Boolean("skip-wrong").pipe(
    Flag.withDescription("Send the list without the rows that cannot be sent"),
    Flag.withDefault(false),
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Check the list, and send nothing"),
    Flag.withDefault(false),
  ),
  yes: Flag.Boolean("yes").pipe(
    Flag.withDescription(
      "Do not ask before the first message; without a terminal, nobody is asked",
    ),
    Flag.withDefault(false),
  ),
  limit: Flag.Int("limit").pipe(
    Flag.withDescription("Add at most so many new messages to the campaign"),
    Shared.optional,
  ),
  rate: Shared.rate,
  quietHours: Shared.quietHours,
  publicUrl: Shared.publicUrl,
  concurrency: Shared.concurrency,
  json: Shared.json,
}

type Flags = Command.Command.Config.Infer<typeof flags>

/** The command. */
export const send = Command.make(
  "send",
  flags,
  Effect.fnUntraced(function* (given: Flags) {
    const { concurrency, csv, limit, rate, to, variables, webhook } = given
    if ((to === undefined) === (csv === undefined)) {
      return yield* refuse("pass either --to for one message or --csv for a list")
    }
    yield* Shared.checkWhole({ concurrency, limit, rate })
    if (csv !== undefined) {
      if (variables !== undefined || webhook !== undefined) {
        return yield* refuse(
          "--var and --webhook require --to; with --csv, use columns of the list",
        )
      }
      return yield* sendList(csv, given)
    }
    return yield* sendOne({
      phoneNumber: to ?? "",
      templateId: given.template ?? "",
      messageBody: variables,
      webhookUrl: webhook,
    }).pipe(Effect.provide(clientLayer()))
  }),
).pipe(
  Command.withDescription("Sends one message, or one message for each row of a list."),
  Command.withExamples([
    {
      command:
        "effect-sent send --to +1234567890 --template 7ba7b820-9dad-11d1-80b4-00c04fd430c8 --var name=John",
      description: "Send one message",
    },
    {
      command:
        "effect-sent send --csv people.csv --campaign spring --template 7ba7b820-9dad-11d1-80b4-00c04fd430c8",
      description:
        "Send one message to each person of a list. Run it again after a crash: nobody gets it twice",
    },
    {
      command: "effect-sent send --csv people.csv --campaign spring --dry-run",
      description: "Check a list",
    },
  ]),
)

const refuse = (problem: string) => Effect.fail(usage(problem))

const sendOne = (input: SendToPhone.Input) =>
  SentClient.sendToPhone(input).pipe(
    Effect.andThen((receipt) =>
      Console.log(`accepted at ${DateTime.formatIso(receipt.acceptedAt)}`),
    ),
    Effect.catchTag("SentError", (error) =>
      Effect.fail(new Ended(error.delivery === "unknown" ? "unknown" : "notSent", error.message)),
    ),
  )

const sendList = Effect.fnUntraced(function* (file: string, given: Flags) {
  const { allowDuplicates, concurrency, dryRun, json, rate, skipWrong, template } = given
  const place = yield* placeOf(given.campaign, given.store)
  const quietHours = yield* Shared.readQuietHours(given.quietHours)
  const callbacks = yield* callbacksOf(given.publicUrl)
  const delimiter = given.delimiter === "tab" ? "\t" : given.delimiter
  const list = yield* readList({ file, delimiter, template, allowDuplicates })
  if (list.problems.length > 0) {
    yield* Console.error(describeProblems(list))
    if (!skipWrong) {
      return yield* refuse(
        "nothing was sent: correct the list, or pass --skip-wrong to send it without these rows",
      )
    }
  }
  const own = list.messages.find(({ input }) => input.webhookUrl !== undefined)
  if (callbacks !== undefined && own !== undefined) {
    return yield* refuse(
      `line ${own.line} has a webhook, and --public-url sets one for each message; use either of them`,
    )
  }
  if (dryRun) {
    const { added, ...plan } = exists(place)
      ? yield* Effect.provide(planOf(list, given.limit), campaignLayer(place, { create: false }))
      : planFrom(list, given.limit, () => false)
    return yield* Console.log(describePlan({ ...plan, added }))
  }
  return yield* Effect.gen(function* () {
    const plan = yield* planOf(list, given.limit)
    yield* Console.error(describePlan(plan))
    yield* confirm(place, plan, given.yes)
    const campaign = yield* Campaign
    const others: Array<number> = []
    // What is known is added once more, which does nothing if it is the same.
    const messages = [...plan.known, ...plan.added]
    for (let from = 0; from < messages.length; from += batch) {
      const some = messages.slice(from, from + batch)
      others.push(...(yield* campaign.add(list.name, some)))
    }
    if (others.length > 0) yield* Console.error(describeOthers(others))
    yield* run({
      campaign: place.name,
      concurrency,
      quietHours,
      json,
      others: others.length,
    })
  }).pipe(
    // The credentials are checked before anything is added.
    Effect.provide([campaignLayer(place, { create: true, callbacks }), clientLayer(rate)]),
  )
})

/** How many messages are added in one transaction. */
const batch = 500

const planOf = Effect.fnUntraced(function* (list: List, limit: number | undefined) {
  const { keyOf, known } = yield* Campaign
  const keys = yield* known
  return planFrom(list, limit, (message) => keys.has(keyOf(message)))
})

const planFrom = (
  list: List,
  limit: number | undefined,
  isKnown: (message: List["messages"][number]) => boolean,
): Plan => {
  // Each question is a digest.
  const groups = Map.groupBy(list.messages, isKnown)
  const known = groups.get(true) ?? []
  const fresh = groups.get(false) ?? []
  const added = fresh.slice(0, limit)
  return {
    list,
    added,
    known,
    beyond: fresh.length - added.length,
  }
}

const confirm = Effect.fnUntraced(function* ({ name }: Place, { added }: Plan, yes: boolean) {
  if (yes || added.length === 0 || !process.stdin.isTTY) return
  const isWanted = yield* Prompt.run(
    Prompt.Confirm({ message: `Send ${added.length} messages of the campaign ${name}?` }),
  )
  if (!isWanted) yield* refuse("nothing was sent")
})
