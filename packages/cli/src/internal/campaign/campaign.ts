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
import type { Callbacks } from "./callbacks.ts"
import { deliveriesOf, type Delivery } from "./deliveries.ts"
import { type Place, storeLayer } from "./store.ts"

/** A send of a campaign. */
export interface CampaignSend {
  readonly send: DurableSender.DurableSend
  /** Undefined if there was no update. */
  readonly delivery: Delivery | undefined
}

/** A campaign. */
export class Campaign extends Context.Service<
  Campaign,
  {
    /** The key of a message: a digest of the number, which is remembered when the number is blanked. */
    readonly keyOf: (message: Message) => string
    /** The keys of the messages in the campaign. */
    readonly known: Effect.Effect<ReadonlySet<string>, Ended>
    /** Whether delivery updates are received: whether any run had callbacks. */
    readonly hasUpdates: boolean
    /** The sends, all or those in a state, with what delivery updates say of them. */
    readonly sends: (state?: DurableSender.State) => Stream.Stream<CampaignSend, Ended>
    /** Adds messages, all or none. Returns the lines of those whose person has another message in the campaign. */
    readonly add: (
      list: string,
      messages: ReadonlyArray<Message>,
    ) => Effect.Effect<ReadonlyArray<number>, Ended>
  }
>()("@effect-sent/cli/Campaign") {}

/** How a campaign is opened. */
export interface OpenOptions {
  /** Whether it is begun if there is none. */
  readonly create: boolean
  /** Where the updates of what is sent are received. Default: nowhere. */
  readonly callbacks?: Callbacks | undefined
}

/** Opens a campaign. */
export const campaignLayer = (
  place: Place,
  options: OpenOptions,
): Layer.Layer<Campaign | DurableSender.DurableSender, Ended> =>
  Layer.unwrap(
    Effect.map(readCampaign(place, options.callbacks), ({ hasUpdates, secret }) =>
      Layer.provideMerge(
        Layer.effect(Campaign, makeCampaign(secret, hasUpdates)),
        DurableSender.layer({ secret, ...callbackOptions(options.callbacks) }).pipe(
          Layer.catch((error) =>
            Layer.effect(DurableSender.DurableSender, Effect.fail(usage(error))),
          ),
        ),
      ),
    ),
  ).pipe(Layer.provide(storeLayer(place, options)))

/** Updates are taken for as long as the report has numbers. */
const callbackOptions = (callbacks: Callbacks | undefined): Partial<DurableSender.Options> =>
  callbacks === undefined
    ? {}
    : {
        publicUrl: callbacks.publicUrl,
        callbackSecret: callbacks.secret,
        timeToLive: "30 days",
      }

/**
 * Reads what belongs to the whole campaign: the secret of the digests, which is made by whichever run is first, and whether any
 * run had callbacks.
 */
const readCampaign = Effect.fnUntraced(
  function* ({ file, name }: Place, callbacks: Callbacks | undefined) {
    const sql = yield* SqlClient.SqlClient
    yield* sql`create table if not exists effect_sent_campaign (
      id integer primary key check (id = 1), name text not null, secret text not null,
      has_updates integer not null)`
    const secret = randomBytes(32).toString("base64url")
    yield* sql`insert into effect_sent_campaign ${sql.insert({ id: 1, name, secret, has_updates: 0 })}
      on conflict (id) do nothing`
    const [row] =
      yield* sql<CampaignRow>`select name, secret, has_updates from effect_sent_campaign`
    if (row?.name === name) {
      if (callbacks !== undefined) yield* sql`update effect_sent_campaign set has_updates = 1`
      return {
        secret: row.secret,
        hasUpdates: callbacks !== undefined || row.has_updates === 1,
      }
    }
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

interface CampaignRow {
  readonly name: string
  readonly secret: string
  readonly has_updates: number
}

const makeCampaign = Effect.fnUntraced(function* (secret: string, hasUpdates: boolean) {
  const sender = yield* DurableSender.DurableSender
  const sql = yield* SqlClient.SqlClient
  const keyOf = ({ input, nth }: Message): string =>
    createHmac("sha256", secret).update(`${input.phoneNumber} ${nth}`).digest("base64url")

  return Campaign.of({
    keyOf,
    hasUpdates,
    known: sender.list().pipe(
      Stream.runFold(
        () => new Set<string>(),
        (known, { key }) => known.add(key),
      ),
      Effect.mapError(usage),
    ),
    sends: (state) =>
      sender.list(state).pipe(
        Stream.mapError(usage),
        Stream.grouped(batch),
        Stream.mapEffect((sends) =>
          Effect.map(hasUpdates ? deliveriesOf(sends) : noDeliveries, (deliveries) =>
            sends.map((send) => ({ send, delivery: deliveries.get(send.sendId ?? "") })),
          ),
        ),
        Stream.flattenIterable,
        Stream.provideService(SqlClient.SqlClient, sql),
      ),
    add: (list, messages) =>
      sql
        .withTransaction(
          Effect.filter(messages, (message) =>
            sender
              .enqueue(message.input, {
                key: keyOf(message),
                reference: `${list.slice(-200)}:${message.line}`,
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

/** How many sends are read at once. */
const batch = 500

const noDeliveries: Effect.Effect<ReadonlyMap<string, Delivery>> = Effect.succeed(new Map())
