/**
 * A campaign: everybody who gets its message, each once. Its store keeps what became of each message, so that a second run, at the
 * same time or after a crash, sends nothing again that was sent or may have been.
 */
import { DurableSender } from "@effect-sent/durable"
import { Context, Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { createHmac, randomBytes } from "node:crypto"
import { type Ended, usage } from "../ended.ts"
import type { Message } from "../list/list.ts"
import { type Place, storeLayer } from "./store.ts"

/** A campaign. */
export class Campaign extends Context.Service<
  Campaign,
  {
    /** The key of a message: a digest of the number, which is remembered when the number is blanked. */
    readonly keyOf: (message: Message) => string
    /** The keys of the messages in the campaign. */
    readonly known: Effect.Effect<ReadonlySet<string>, Ended>
    /** Adds messages, all or none. Returns the lines of those whose person has another message in the campaign. */
    readonly add: (
      list: string,
      messages: ReadonlyArray<Message>,
      quietHours: DurableSender.EnqueueOptions["quietHours"],
    ) => Effect.Effect<ReadonlyArray<number>, Ended>
  }
>()("@effect-sent/cli/Campaign") {}

/** Opens a campaign. With `create`, begins it if there is none. */
export const campaignLayer = (
  place: Place,
  options: { readonly create: boolean },
): Layer.Layer<Campaign | DurableSender.DurableSender, Ended> =>
  Layer.unwrap(
    Effect.map(secretOf(place), (secret) =>
      Layer.provideMerge(
        Layer.effect(Campaign, makeCampaign(secret)),
        DurableSender.layer({ secret }).pipe(
          Layer.catch((error) =>
            Layer.effect(DurableSender.DurableSender, Effect.fail(usage(error))),
          ),
        ),
      ),
    ),
  ).pipe(Layer.provide(storeLayer(place, options)))

/** The secret of the digests. It is made with the campaign, by whichever run is first. */
const secretOf = Effect.fnUntraced(
  function* ({ file, name }: Place) {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create table if not exists effect_sent_campaign (
      id integer primary key check (id = 1), name text not null, secret text not null)`
    const secret = randomBytes(32).toString("base64url")
    yield* sql`insert into effect_sent_campaign ${sql.insert({ id: 1, name, secret })}
      on conflict (id) do nothing`
    const [row] = yield* sql<{ readonly name: string; readonly secret: string }>`
      select name, secret from effect_sent_campaign`
    if (row?.name === name) return row.secret
    return yield* Effect.fail(
      usage(
        `${file} belongs to the campaign ${JSON.stringify(row?.name)}, not ${JSON.stringify(name)}`,
      ),
    )
  },
  Effect.catchTag("SqlError", (error) =>
    Effect.fail(usage(`the store of the campaign cannot be used: ${error.message}`)),
  ),
)

const makeCampaign = Effect.fnUntraced(function* (secret: string) {
  const sender = yield* DurableSender.DurableSender
  const sql = yield* SqlClient.SqlClient
  const keyOf = ({ input, nth }: Message): string =>
    createHmac("sha256", secret).update(`${input.phoneNumber} ${nth}`).digest("base64url")

  return Campaign.of({
    keyOf,
    known: sender.list().pipe(
      Stream.runFold(
        () => new Set<string>(),
        (known, { key }) => known.add(key),
      ),
      Effect.mapError(usage),
    ),
    add: (list, messages, quietHours) =>
      sql
        .withTransaction(
          Effect.filter(messages, (message) =>
            sender
              .enqueue(message.input, {
                key: keyOf(message),
                reference: `${list.slice(-200)}:${message.line}`,
                quietHours,
              })
              .pipe(
                Effect.as(false),
                Effect.catchTag("KeyConflict", () => Effect.succeed(true)),
              ),
          ),
        )
        .pipe(
          Effect.map((others) => others.map(({ line }) => line)),
          Effect.mapError(usage),
        ),
  })
})
