/**
 * The places of requests with a key, against a model: any number of sends that come, begin, end in any way and are
 * interrupted, in any order, with two keys.
 */
import { SentCredentials, SentError } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Deferred, Effect, Fiber, Result, Schema } from "effect"
import { Lockout } from "../src/internal/send/lockout.ts"
import type { Verdict } from "../src/internal/send/verdict.ts"
import { credentials } from "@effect-sent/faults/sample"

const ends: Readonly<Record<"proof" | "refusal" | "nothing", ReadonlyArray<Verdict | undefined>>> =
  {
    proof: [
      Result.succeed({ status: 204, acceptedAt: DateTime.makeUnsafe(0) }),
      Result.fail(new SentError.AccessDenied({})),
      Result.fail(new SentError.TemplateNotFound()),
      Result.fail(new SentError.RequestRejected({ status: 400, detail: "Invalid channel" })),
    ],
    refusal: [Result.fail(new SentError.CredentialsRejected({}))],
    nothing: [
      // Interrupted before anything was known.
      undefined,
      Result.fail(new SentError.AccessDenied({ foreign: "page" })),
      Result.fail(new SentError.RequestRejected({ status: 413, detail: "too large" })),
      Result.fail(new SentError.ServerFailed({ status: 500 })),
      Result.fail(new SentError.CircuitOpen({})),
    ],
  }

// More sends come and begin than end, so that they have to wait, and most have one key.
const does = ["come", "come", "come", "begin", "begin", "begin", "end", "end", "interrupt"] as const
const withKey = ["one", "one", "one", "other"] as const
const as = ["proof", "proof", "refusal", "refusal", "nothing"] as const

const oneOf = (values: ReadonlyArray<string>) =>
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))

const Event = Schema.Struct({
  does: oneOf(does),
  withKey: oneOf(withKey),
  as: oneOf(as),
  which: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })),
})

/** All that is known of a key from what happened, and in which state each of its sends is. */
interface Model {
  isGood: boolean
  row: number
  refusals: number
  readonly sends: Set<Send>
}

interface Send {
  state: "waiting" | "ready" | "on the wire" | "locked out"
  refusalsBefore: number
  readonly begin: Deferred.Deferred<void>
  readonly end: Deferred.Deferred<Verdict | undefined>
  fiber: Fiber.Fiber<void> | undefined
}

const makeModel = (): Model => ({ isGood: false, row: 0, refusals: 0, sends: new Set() })

const inState = ({ sends }: Model, state: Send["state"]): ReadonlyArray<Send> =>
  [...sends].filter((send) => send.state === state)

const learnEnd = (model: Model, send: Send, end: keyof typeof ends): void => {
  if (end === "refusal") {
    model.isGood = false
    model.row += 1
    model.refusals += 1
  } else if (end === "proof") {
    model.row = 0
    model.isGood ||= send.refusalsBefore === model.refusals
  }
}

describe("the places of a key", () => {
  it.effect.prop(
    "are three with the refusals in a row until it is good, none is lost, and nobody waits for nothing",
    { events: Schema.Array(Event).check(Schema.isMinLength(60), Schema.isMaxLength(100)) },
    ({ events }) =>
      Effect.gen(function* () {
        const lockout = new Lockout()
        const keys = {
          one: yield* SentCredentials.make({ ...credentials, apiKey: "one" }),
          other: yield* SentCredentials.make({ ...credentials, apiKey: "other" }),
        }
        const models = { one: makeModel(), other: makeModel() }
        const begun: Array<string> = []

        const come = Effect.fnUntraced(function* (key: "one" | "other") {
          const model = models[key]
          const send: Send = {
            state: "waiting",
            refusalsBefore: 0,
            begin: yield* Deferred.make<void>(),
            end: yield* Deferred.make<Verdict | undefined>(),
            fiber: undefined,
          }
          model.sends.add(send)
          const place = lockout.place(keys[key])
          const run = Effect.gen(function* () {
            do {
              send.state = "waiting"
              yield* place.enter()
              send.state = "ready"
              yield* Deferred.await(send.begin)
            } while (!place.begin())
            const others = inState(model, "on the wire").length
            if (!model.isGood && others + model.row >= 3) begun.push(`${others} + ${model.row}`)
            send.state = "on the wire"
            send.refusalsBefore = model.refusals
            const verdict = yield* Deferred.await(send.end)
            if (verdict !== undefined) place.learn(() => verdict)
          }).pipe(
            // It is removed before another send takes its place.
            Effect.ensuring(Effect.sync(() => model.sends.delete(send))),
            Effect.ensuring(Effect.map(Clock.currentTimeMillis, (now) => place.leave(now))),
            Effect.catch(() =>
              Effect.sync(() => {
                // Only the third refusal in a row locks a key out.
                if (model.row < 3) begun.push(`locked out after ${model.row}`)
              }),
            ),
          )
          send.fiber = yield* Effect.forkChild(run, { startImmediately: true })
        })

        const check = () => {
          assert.deepStrictEqual(begun, [])
          for (const model of Object.values(models)) {
            if (inState(model, "waiting").length === 0) continue
            assert.isFalse(model.isGood, "nobody waits for a good key")
            assert.isBelow(model.row, 3, "nobody waits for a key that is locked out")
            const taken = inState(model, "on the wire").length + inState(model, "ready").length
            assert.isAtLeast(taken + model.row, 3, "nobody waits for a place that is free")
          }
        }

        for (const event of events) {
          const { which } = event
          const key = withKey[event.withKey] ?? "one"
          const model = models[key]
          const what = does[event.does]
          const end = as[event.as] ?? "nothing"
          const pick = (state: Send["state"]): Send | undefined => {
            const all = inState(model, state)
            return all[which % Math.max(1, all.length)]
          }
          if (what === "come") yield* come(key)
          else if (what === "begin") {
            const send = pick("ready")
            if (send !== undefined) yield* Deferred.succeed(send.begin, undefined)
          } else if (what === "end") {
            const send = pick("on the wire")
            if (send !== undefined) {
              learnEnd(model, send, end)
              model.sends.delete(send)
              yield* Deferred.succeed(send.end, ends[end][which % ends[end].length])
            }
          } else {
            const all = [...model.sends]
            const fiber = all[which % Math.max(1, all.length)]?.fiber
            if (fiber !== undefined) yield* Fiber.interrupt(fiber)
          }
          yield* Effect.yieldNow
          check()
        }

        for (const [key, model] of [
          ["one", models.one] as const,
          ["other", models.other] as const,
        ]) {
          // Once all have gone, every place is free again.
          yield* Fiber.interruptAll(
            [...model.sends].flatMap(({ fiber }) => (fiber === undefined ? [] : [fiber])),
          )
          for (let send = 0; send < 5; send++) yield* come(key)
          const free = model.isGood ? 5 : Math.max(0, 3 - model.row)
          assert.strictEqual(inState(model, "ready").length, free)
        }
        check()
      }),
    { arbitrary: { runs: 200 }, timeout: 60_000 },
  )
})
