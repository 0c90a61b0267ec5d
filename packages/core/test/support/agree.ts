/** Two verdicts on many generated bodies. */
import { assert } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"

/** `PARITY_SEED=… vitest run --project core parity` generates others. */
const seed = process.env["PARITY_SEED"] ?? "parity"

const runs = 20_000

/** What both say of one body: whether they accept it. */
export interface Verdicts {
  readonly core: boolean
  readonly contract: boolean
}

/**
 * Core and the contract say the same of 20,000 bodies, many of which are accepted and many refused. The first on which they
 * do not is shrunk and shown.
 */
export const agree = <A, R>(
  bodies: Arbitrary.Arbitrary<A>,
  verdictsOn: (body: A) => Effect.Effect<Verdicts, string, R>,
) =>
  Effect.gen(function* () {
    let accepted = 0
    const result = yield* Arbitrary.checkEffect(
      bodies,
      (body) =>
        Effect.flatMap(verdictsOn(body), ({ contract, core }) => {
          if (core) accepted += 1
          return core === contract
            ? Effect.succeed(true)
            : Effect.fail(`accepted by core: ${core}, by the contract: ${contract}`)
        }),
      // Small ones: the more of them there is time for.
      { runs, seed, size: 4 },
    ).pipe(withoutStacks)
    const problem = Arbitrary.formatCheckFailure(result)
    assert.isUndefined(problem, `PARITY_SEED=${seed} shows it again`)
    assert.isAbove(accepted, runs / 5, "accepted")
    assert.isAbove(runs - accepted, runs / 5, "refused")
  })

/** Every refusal is an error; the stacks of thousands that nobody sees would take a quarter of the time. */
const withoutStacks = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const { stackTraceLimit } = Error
      Error.stackTraceLimit = 0
      return stackTraceLimit
    }),
    () => effect,
    (stackTraceLimit) =>
      Effect.sync(() => {
        Error.stackTraceLimit = stackTraceLimit
      }),
  )

/** No bound for the time it takes: only an end for what hangs. */
export const patience = { timeout: 120_000 }
