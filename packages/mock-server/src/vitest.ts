/**
 * A matcher for vitest: `expect(mock).toHaveSent(match)`. Import this module once, for example in a set-up file.
 *
 * @example
 * ```ts
 * import "@effect-sent/mock-server/vitest"
 * import { startMockServer } from "@effect-sent/mock-server"
 * import { expect } from "vitest"
 *
 * await using mock = await startMockServer()
 * // After the program under test has sent something to `mock.baseUrl`, in a test:
 * await expect(mock).not.toHaveSent({ phoneNumber: /^\+1206/, status: "FAILED" })
 * ```
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { expect } from "vitest"
import { rememberCaller } from "./internal/play/caller.ts"
import type { View } from "./internal/play/view.ts"
import type { Match } from "./MessageMatch.ts"
import type { MockServerView } from "./startMockServer.ts"

/** What the matcher takes: a server, or the view of one sender, with promises or with effects. */
export type Subject =
  Pick<MockServerView, "expectMessage" | "expectNone"> | Pick<View, "expectMessage" | "expectNone">

declare module "vitest" {
  // The type parameters must be those of vitest's own declaration.
  // oxlint-disable-next-line eslint/no-unused-vars
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Whether a message was sent that matches. A failure describes the closest one. Must be awaited. */
    toHaveSent: (match: Match) => Promise<void>
  }
}

/** The failure of an assertion. Undefined when it holds. */
const failureOf = async (
  asserted: Promise<unknown> | Effect.Effect<unknown, Error>,
): Promise<Error | undefined> => {
  try {
    await (Effect.isEffect(asserted) ? Effect.runPromise(asserted) : asserted)
    return undefined
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause))
  }
}

const isSubject = (subject: unknown): subject is Subject =>
  Predicate.hasProperty(subject, "expectMessage") && Predicate.hasProperty(subject, "expectNone")

expect.extend({
  async toHaveSent(subject: unknown, match: Match) {
    const atCaller = rememberCaller()
    if (!isSubject(subject)) {
      throw atCaller(new TypeError("toHaveSent expects a mock server or the view of one sender"))
    }
    const missing = await failureOf(subject.expectMessage(match))
    const unexpected = await failureOf(subject.expectNone(match))
    return {
      pass: missing === undefined,
      message: () => (missing ?? unexpected)?.message ?? "",
    }
  },
})
