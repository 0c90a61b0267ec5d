/**
 * `tsx scripts/tracePicture.ts`: draws `docs/images/trace.svg`, the spans of a send whose first request is answered 429. The spans are
 * recorded from the library, over the service in memory, with a clock that stands still until it is moved: each run draws the same.
 */
import { SentClient } from "@effect-sent/core"
import * as Testing from "@effect-sent/core/testing"
import { recordSpans } from "@effect-sent/faults/spans"
import { Effect, Fiber, Random, type Tracer } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const file = fileURLToPath(new URL("../docs/images/trace.svg", import.meta.url))

/** The spans of the send, in the order in which they began. */
const record = Effect.gen(function* () {
  const { spans, tracer } = recordSpans()
  const service = yield* Testing.TestService
  yield* service.play(
    Testing.fail("RateLimited", { retryAfter: "1 second", delay: "180 millis" }),
    Testing.accept({ delay: "240 millis" }),
  )
  const send = yield* SentClient.sendToPhone({
    phoneNumber: "+1234567890",
    templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  }).pipe(Effect.withTracer(tracer), Random.withSeed("a trace"), Effect.forkChild)
  while (spans[0]?.status._tag !== "Ended") yield* TestClock.adjust("20 millis")
  yield* Fiber.join(send)
  return spans
}).pipe(Effect.provide([Testing.layer(), TestClock.layer()]), Effect.scoped)

const [labelWidth, barWidth, rowHeight] = [230, 300, 58]

const shown: ReadonlyArray<string> = [
  "sent.outcome",
  "sent.attempts",
  "sent.reason",
  "sent.delivery",
  "http.response.status_code",
  "http.request.resend_count",
]

/** In milliseconds. */
const timeOf = (nanos: bigint): number => Number(nanos / 1_000_000n)

const draw = (spans: ReadonlyArray<Tracer.NativeSpan>): string => {
  const timed = spans.map((span) => {
    const { status } = span
    const start = timeOf(status.startTime)
    return { span, start, end: status._tag === "Ended" ? timeOf(status.endTime) : start }
  })
  const begin = Math.min(...timed.map(({ start }) => start))
  const total = Math.max(...timed.map(({ end }) => end)) - begin
  const x = (time: number): number => labelWidth + ((time - begin) / total) * barWidth
  const rows = timed.map(({ end, span, start }, index) => {
    const y = 30 + index * rowHeight
    const facts = shown.flatMap((name) =>
      span.attributes.has(name) ? [`${name}=${String(span.attributes.get(name))}`] : [],
    )
    const half = Math.ceil(facts.length / 2)
    const isError = span.attributes.has("sent.reason")
    return [
      `<text x="${index === 0 ? 8 : 24}" y="${y + 14}" class="name">${span.name}</text>`,
      `<rect x="${x(start).toFixed(1)}" y="${y}" width="${Math.max(2, x(end) - x(start)).toFixed(1)}" height="18" rx="3" class="${isError ? "error" : "ok"}"/>`,
      `<text x="${labelWidth + barWidth + 8}" y="${y + 14}">${end - start} ms</text>`,
      `<text x="${index === 0 ? 8 : 24}" y="${y + 33}" class="fact">${facts.slice(0, half).join("  ")}</text>`,
      `<text x="${index === 0 ? 8 : 24}" y="${y + 47}" class="fact">${facts.slice(half).join("  ")}</text>`,
    ].join("")
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${labelWidth + barWidth + 90} ${40 + timed.length * rowHeight}" role="img" aria-label="The spans of a send">
<style>text{font:13px system-ui,sans-serif;fill:#57606a}.name{font-weight:600}.fact{font:12px ui-monospace,monospace}.ok{fill:#2f6f44}.error{fill:#b42318}@media(prefers-color-scheme:dark){text{fill:#b4bcc5}.ok{fill:#4fa36b}.error{fill:#e5685c}}</style>
${rows.join("\n")}
</svg>
`
}

/** The picture as it is, and as it would be drawn now. */
export const picture = async (): Promise<{
  readonly committed: string
  readonly drawn: string
}> => ({
  committed: readFileSync(file, "utf8"),
  drawn: draw(await Effect.runPromise(record)),
})

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file, draw(await Effect.runPromise(record)))
}
