/** Where the delivery updates of a campaign are received: by a tracker's route over the same store. */
import { CallbackUrl } from "@effect-sent/core"
import { Config, Effect, Option, type Redacted } from "effect"
import { type Ended, usage } from "../ended.ts"

/** The public URL of the tracker's route, and the tracker's secret. */
export interface Callbacks {
  readonly publicUrl: string
  readonly secret: Redacted.Redacted<string>
}

/** Where the secret is read from: not a flag, which other users of the machine could see. */
const secretName = "SENT_TRACKER_SECRET"

/** Reads and checks the callbacks of a campaign. Undefined without a public URL. */
export const callbacksOf = Effect.fnUntraced(function* (
  publicUrl: string | undefined,
): Effect.fn.Return<Callbacks | undefined, Ended> {
  if (publicUrl === undefined) return undefined
  const secret = yield* Effect.mapError(Config.option(Config.Redacted(secretName)), usage)
  if (Option.isNone(secret)) {
    return yield* Effect.fail(
      usage(`--public-url requires ${secretName} in the environment: the secret of the tracker`),
    )
  }
  const callbacks = { publicUrl, secret: secret.value }
  yield* CallbackUrl.make(callbacks).pipe(
    Effect.mapError(({ message, reason }) =>
      usage(
        reason._tag === "InvalidOptions"
          ? reason.issues
              .map(({ message: problem, path }) => `${nameOf(path.join("."))} ${problem}`)
              .join("; ")
          : message,
      ),
    ),
  )
  return callbacks
})

const nameOf = (path: string): string => (path === "secret" ? secretName : "--public-url")
