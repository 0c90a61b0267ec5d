/** What the service quotes of a request does not reach an error, in whatever notation it quotes it. */
import { SentClient } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"
import { json, wire } from "./support/wire.ts"

const request = {
  ...sample,
  phoneNumber: "+12025550143",
  messageBody: { name: `O'Neil & "Söhne" <x>`, code: "a b" },
  webhookUrl: "https://app.example.com/hooks/sent/t0k-en_1234567890?k=s3cret",
}

/** The detail of the error after the service has said this. */
const detailOf = Effect.fnUntraced(function* (said: string) {
  const server = yield* wire(json(422, { status: 422, title: "No", detail: said }))
  const error = yield* SentClient.sendToPhone(request).pipe(
    Effect.provide(clientLayer(FetchHttpClient.layer, { baseUrl: server.baseUrl })),
    Effect.flip,
  )
  return error.reason._tag === "RequestRejected" ? error.reason.detail : undefined
})

describe("the phone number is masked", () => {
  it.effect.each([
    "+12025550143",
    "12025550143",
    "2025550143",
    "(202) 555-0143",
    "+1 (202) 555-0143",
    "202–555–0143",
    "202 555 0143",
    "202.555.0143",
    "202/555/0143",
    "２０２５５５０１４３",
    "＋１２０２５５５０１４３",
    "٢٠٢٥٥٥٠١٤٣",
    "%2B12025550143",
    "%2B1%20202%20555%200143",
    "&#43;1&nbsp;202&nbsp;555&nbsp;0143",
    "0012025550143",
    "tel:+1-202-555-0143;ext=7",
    "2\u200b0\u200b2\u200b5\u200b5\u200b5\u200b0\u200b1\u200b4\u200b3",
    "9992025550143999",
  ])("%j", (notation) =>
    Effect.gen(function* () {
      const detail = yield* detailOf(`The number ${notation} is on a list, see 4711.`)
      assert.match(detail ?? "", /^The number .*<redacted>\S* is on a list, see 4711\.$/)
      assert.notMatch(detail ?? "", /0143|０１４３|٠١٤٣/)
    }),
  )

  it.effect("other numbers are not", () =>
    Effect.gen(function* () {
      const said = "Limit 10 of 2025, order 5550-1430, since 2025-05-14 01:43, cost 0.0200."
      assert.strictEqual(yield* detailOf(said), said)
    }),
  )
})

describe("values are masked", () => {
  const { messageBody, webhookUrl } = request
  const { name } = messageBody
  it.effect.each([
    name,
    encodeURIComponent(name),
    encodeURIComponent(name).replaceAll("%20", "+"),
    "O&#39;Neil &amp; &quot;Söhne&quot; &lt;x&gt;",
    "O&#x27;Neil &amp; &#34;S&#246;hne&#34; &lt;x&gt;",
    JSON.stringify(name).slice(1, -1),
    String.raw`O\u0027Neil \u0026 \u0022S\u00f6hne\u0022 \u003cx\u003e`,
    "a b",
    "a%20b",
    webhookUrl,
    encodeURIComponent(webhookUrl),
    webhookUrl.replaceAll("&", "&amp;").replaceAll("/", String.raw`\u002f`),
    "/hooks/sent/t0k-en_1234567890?k=s3cret",
    "/hooks/sent/t0k-en_1234567890",
    encodeURIComponent("/hooks/sent/t0k-en_1234567890"),
  ])("%j", (quoted) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* detailOf(`Rejected: [${quoted}].`), "Rejected: [<redacted>].")
    }),
  )

  it.effect("in a text of any length, without delay", () =>
    Effect.gen(function* () {
      const before = performance.now()
      const detail = yield* detailOf(`${"1 ".repeat(15_000)}${"(".repeat(10_000)}`)
      assert.isBelow(performance.now() - before, 2000)
      assert.isAtMost(detail?.length ?? 0, 501)
    }),
  )
})
