/** The idempotency key of a send: the caller's, or a random one; and for how long the service surely keeps it. */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOptions, SentError } from "../../SentError.ts"
import type { Key } from "../send/client.ts"
import type { UsedKey } from "../send/sendOptions.ts"
import { randomBytes } from "../updates/hmac.ts"

/**
 * How long a key is relied upon, from its first use: the service keeps it for 24 hours. The margin is for clocks that differ,
 * and for a request that takes long to arrive.
 */
export const keyLifetime: Duration.Duration = /* @__PURE__ */ Duration.hours(23)

/** The key of a send, and how many requests of earlier sends may have been accepted under it. */
export interface OwnKey extends Key {
  readonly unknownBefore: number
}

/**
 * The key of a send, from an option that was checked.
 *
 * The success of a sandbox request is kept under its key, and a real request with the same key would be answered with it. So
 * the key of a sandbox request begins with a prefix that that of a real one must not have.
 */
export const keyFor = /* @__PURE__ */ Effect.fnUntraced(function* (
  given: string | UsedKey | undefined,
  isSandbox: boolean,
): Effect.fn.Return<OwnKey, SentError> {
  const now = yield* Clock.currentTimeMillis
  const used = typeof given === "object" ? given : undefined
  const key = used?.key ?? (typeof given === "string" ? given : yield* randomKey)
  const value = isSandbox ? `${sandboxPrefix}${key}` : key
  const unknownBefore = used === undefined ? 0 : 1
  if (isSandbox ? value.length > maxLength : key.startsWith(sandboxPrefix)) {
    return yield* refuse(
      unknownBefore,
      isSandbox
        ? `must be at most ${maxLength - sandboxPrefix.length} characters long for a sandbox message`
        : `must not begin with "${sandboxPrefix}", which is for sandbox messages`,
    )
  }
  const firstUsedAt = used === undefined ? now : DateTime.toEpochMillis(used.firstUsedAt)
  const endsAt = Math.min(now, firstUsedAt) + Duration.toMillis(keyLifetime)
  if (endsAt <= now) {
    return yield* refuse(
      unknownBefore,
      `must have been used for the first time less than ${Duration.format(keyLifetime)} ago: after 24 hours the ` +
        "service does not know it any more, and a message that was accepted under it would be sent again",
    )
  }
  return { value, endsAt, unknownBefore }
})

const refuse = (unknownAttempts: number, message: string): SentError =>
  new SentError({
    reason: new InvalidOptions({ issues: [{ path: ["idempotencyKey"], message }] }),
    attempts: 0,
    unknownAttempts,
  })

const sandboxPrefix = "sandbox_"

const maxLength = 255

/**
 * Makes a random key, for a program that stores it before it sends. A send without a key makes one by itself.
 *
 * It is not made by `Random`, which a program may seed: it would give the same keys again, and its messages would not be sent.
 */
export const randomKey: Effect.Effect<string> = /* @__PURE__ */ Effect.map(
  /* @__PURE__ */ randomBytes(24),
  Base64Url.encode,
)
