/** What the log of a worker has of a failure. */
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import { causeText } from "../src/internal/queue/causeText.ts"

const failing = Object.assign(new Error("new row for relation violates a check"), {
  code: "23514",
  detail: "Failing row contains (order 1, +15005552040, Hello Rumpelstilzchen).",
})

describe("a cause in the log", () => {
  it("names each error and its code, and quotes none", () => {
    const error = Object.assign(new Error("Failed for +15005552040", { cause: failing }), {
      _tag: "SqlError",
    })
    const text = causeText(Cause.combine(Cause.fail(error), Cause.die(new SyntaxError("Rumpel…"))))
    assert.match(text, /^SqlError, caused by Error \(23514\)\n +at /)
    assert.include(text, "; SyntaxError\n")
    assert.notMatch(text, /1500555|Rumpel|Failing row/)
  })

  it("takes anything for an error", () => {
    const loop: { cause?: unknown } = {}
    loop.cause = loop
    assert.strictEqual(causeText(Cause.fail("+15005552040")), "string")
    assert.strictEqual(causeText(Cause.die(loop)), "object")
    assert.strictEqual(causeText(Cause.fail({ code: "+15005552040" })), "object")
    assert.strictEqual(causeText(Cause.interrupt(1)), "interrupted")
  })
})
