import type { SentError } from "@effect-sent/core"
import { assert } from "@effect/vitest"

/** The tag and every field of a reason, as plain data. */
export interface PlainReason {
  readonly _tag: SentError.Reason["_tag"]
  readonly [field: string]: unknown
}

/** A reason has exactly this tag and these fields. */
export const assertReason = (reason: SentError.Reason, expected: PlainReason): void => {
  assert.deepStrictEqual(Object.fromEntries(Object.entries(reason)), expected)
}
