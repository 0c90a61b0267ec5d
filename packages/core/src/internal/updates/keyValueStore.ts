/**
 * A delivery store over a `KeyValueStore`, for one process. A store of this kind can neither append nor write on a condition:
 * so each part of a send has a key of its own, which is written once, and what is decided is decided in memory.
 *
 *     send/<id>/<expires at>/<number>   a part of a send
 *     claim/<number>                    a claim
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import { defaultForgotten, makeClaims, makeSends } from "./memoryStore.ts"
import { Step } from "./state.ts"
import {
  type DeliveryStore,
  DeliveryStoreError,
  join,
  SendOutcome,
  type SendRecord,
} from "./store.ts"

const Part = Schema.fromJsonString(
  Schema.Struct({
    openedAt: Schema.optional(Schema.DateTimeUtcFromMillis),
    reference: Schema.optional(Schema.String),
    idempotencyKey: Schema.optional(Schema.String),
    outcome: Schema.optional(SendOutcome),
    steps: Schema.optional(Schema.Array(Step)),
  }),
)

const StoredClaim = Schema.fromJsonString(
  Schema.Struct({
    key: Schema.String,
    owner: Schema.String,
    until: Schema.DateTimeUtcFromMillis,
    isCompleted: Schema.Boolean,
  }),
)

const decodePart = Schema.decodeUnknownEffect(Part)
const encodePart = Schema.encodeEffect(Part)
const decodeClaim = Schema.decodeUnknownEffect(StoredClaim)
const encodeClaim = Schema.encodeEffect(StoredClaim)

/** How many parts of a send are written: many more than a message has, to bound what a faulty sender can add. */
const maxParts = 1_000

export const makeKeyValueStore = Effect.fnUntraced(function* (
  everything: KeyValueStore.KeyValueStore,
): Effect.fn.Return<DeliveryStore["Service"], DeliveryStoreError> {
  const store = KeyValueStore.prefix(everything, "effect-sent/")
  const sends = makeSends(Infinity)
  const claims = makeClaims(Infinity)
  // The keys of a send's parts, and that of a claim.
  const partsOf = new Map<string, Array<string>>()
  const claimKeys = new Map<string, string>()
  let nextNumber = 0

  const nextKey = (name: string): string => `${name}/${nextNumber++}`
  const partKey = ({ expiresAt, id }: SendRecord): string =>
    nextKey(`send/${id}/${expiresAt.epochMilliseconds}`)
  const addPart = (id: string, key: string): void => {
    const parts = partsOf.get(id)
    if (parts === undefined) partsOf.set(id, [key])
    else parts.push(key)
  }

  // ---------------------------------------------------------------------------
  // Loading
  // ---------------------------------------------------------------------------

  const loadPart = Effect.fnUntraced(function* (key: string, id: string, expiry: string) {
    const text = yield* store.get(key)
    if (text === undefined) return
    const expiresAt = DateTime.makeUnsafe(Number(expiry))
    const part = yield* Effect.option(decodePart(text))
    addPart(id, key)
    const [before] = sends.find({ id })
    const unreadable = (before?.unreadable ?? 0) + (part._tag === "None" ? 1 : 0)
    const read = part._tag === "None" ? {} : part.value
    sends.append({ steps: [], ...read, id, expiresAt, unreadable })
  })

  const loadClaim = Effect.fnUntraced(function* (key: string) {
    const claim = yield* Effect.option(decodeClaim(yield* store.get(key)))
    // A claim that cannot be read was being written when its process was killed: the event is free.
    if (claim._tag === "None") return
    claimKeys.set(claim.value.key, key)
    if (claim.value.isCompleted) claims.complete(claim.value)
    else claims.claim(claim.value, yield* Clock.currentTimeMillis)
  })

  const loading = Effect.gen(function* () {
    for (const key of yield* everything.keys) {
      const [, kind, rest] = /^effect-sent\/(send|claim)\/(.*)$/u.exec(key) ?? []
      const [id, expiry, number] = kind === "send" ? (rest?.split("/") ?? []) : ["", "", rest]
      if (kind === undefined || number === undefined || id === undefined) continue
      nextNumber = Math.max(nextNumber, Number(number) + 1)
      if (kind === "claim") yield* loadClaim(`claim/${rest}`)
      else yield* loadPart(`send/${rest}`, id, expiry ?? "")
    }
  })
  yield* failing("load", loading)

  // ---------------------------------------------------------------------------
  // Operations
  // ---------------------------------------------------------------------------

  const append = Effect.fnUntraced(function* (send: SendRecord) {
    const [before] = sends.find({ id: send.id })
    const parts = partsOf.get(send.id)?.length ?? 0
    if (parts >= maxParts || (before !== undefined && addsNothing(before, send))) return
    const key = partKey(send)
    // Before it is written, since it may be written even if that fails.
    addPart(send.id, key)
    // What came from a decoder can be encoded.
    yield* store.set(key, yield* Effect.orDie(encodePart(send)))
    sends.append(send)
  })

  const saveClaim = Effect.fnUntraced(function* (claim: typeof StoredClaim.Type) {
    const key = claimKeys.get(claim.key) ?? nextKey("claim")
    claimKeys.set(claim.key, key)
    yield* store.set(key, yield* Effect.orDie(encodeClaim(claim)))
  })

  const removeClaim = Effect.fnUntraced(function* (key: string) {
    const stored = claimKeys.get(key)
    claims.remove(key)
    claimKeys.delete(key)
    if (stored !== undefined) yield* store.remove(stored)
  })

  const removeSend = Effect.fnUntraced(function* (id: string) {
    for (const key of partsOf.get(id) ?? []) yield* store.remove(key)
    partsOf.delete(id)
    sends.remove(id)
  })

  return {
    append: (send) => failing("append", append(send)),
    find: (by) => Effect.sync(() => sends.find(by)),
    unknown: (options) => Effect.sync(() => sends.unknown(options)),
    claim: Effect.fnUntraced(function* (claim, send) {
      if (send !== undefined) yield* failing("append", append(send))
      const result = claims.claim(claim, yield* Clock.currentTimeMillis)
      if (result === "claimed") {
        yield* failing("claim", saveClaim({ ...claim, isCompleted: false })).pipe(
          Effect.onError(() => Effect.sync(() => claims.release(claim))),
        )
      }
      return result
    }),
    complete: Effect.fnUntraced(function* (claim) {
      claims.complete(claim)
      yield* failing("complete", saveClaim({ ...claim, isCompleted: true }))
    }),
    release: (claim) =>
      Effect.suspend(() =>
        claims.release(claim) ? failing("release", removeClaim(claim.key)) : Effect.void,
      ),
    forget: ({ before, limit = defaultForgotten }) =>
      failing(
        "forget",
        Effect.gen(function* () {
          let forgotten = 0
          for (const [{ expired }, remove] of [
            [sends, removeSend],
            [claims, removeClaim],
          ] as const) {
            for (; forgotten < limit; forgotten++) {
              const key = expired(before.epochMilliseconds)
              if (key === undefined) break
              yield* remove(key)
            }
          }
          return forgotten
        }),
      ),
  }
})

const failing = <A>(
  operation: DeliveryStoreError["operation"],
  effect: Effect.Effect<A, KeyValueStore.KeyValueStoreError>,
): Effect.Effect<A, DeliveryStoreError> =>
  Effect.mapError(
    effect,
    (cause) => new DeliveryStoreError({ operation, problem: "the KeyValueStore failed", cause }),
  )

/** Whether a record has all that another one says. */
const addsNothing = (record: Parameters<typeof join>[0], other: SendRecord): boolean =>
  textOf(join(record, other)) === textOf(join(record, record))

const textOf = (record: SendRecord): string => JSON.stringify(record)
