/** The timers of the mock's clock. */
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { makeTimeline } from "../src/internal/play/timeline.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("a timer", () => {
  it("does not stay when what it was for is cancelled, so that the process can end", () => {
    const timeline = makeTimeline(true)
    const woken: Array<string> = []
    const first = timeline.schedule("one", 1000, () => woken.push("first"))
    const second = timeline.schedule("one", 2000, () => woken.push("second"))
    first.cancel()
    assert.strictEqual(vi.getTimerCount(), 1)
    vi.advanceTimersByTime(1500)
    second.cancel()
    assert.strictEqual(vi.getTimerCount(), 0)
    // It was cancelled before, and the line is another one by now.
    timeline.schedule("one", 500, () => woken.push("third"))
    first.cancel()
    second.cancel()
    vi.advanceTimersByTime(500)
    assert.deepStrictEqual(woken, ["third"])
    assert.strictEqual(vi.getTimerCount(), 0)
  })
})
