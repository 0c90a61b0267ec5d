/** What `verify` sends to a live service reaches nobody. */
import { ContractVerify } from "@effect-sent/contract-tools"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { getCountries, parsePhoneNumberFromString } from "libphonenumber-js/max"
import { makeWrongServer } from "./support/wrongServer.ts"

const allowed = "+14155552671"
const credentials = {
  "x-sender-id": Redacted.make("7ba7b820-9dad-11d1-80b4-00c04fd430c8"),
  "x-api-key": Redacted.make("a-key-that-nobody-may-see"),
}

/** The regions that take a text for a phone number, as it is, without its plus, and with one. */
const takersOf = (text: string): ReadonlyArray<string> => {
  const bare = text.replace(/^\s*\+/, "")
  return [text, bare, `+${bare}`].flatMap((form) =>
    getCountries()
      .filter((region) => parsePhoneNumberFromString(form, region)?.isValid() === true)
      .map((region) => `${region}: ${JSON.stringify(form)}`),
  )
}

/** Every value of `phoneNumber`, at any depth and in whatever the body is. */
const numbersIn = (body: string): ReadonlyArray<string> =>
  [...body.matchAll(/"?phoneNumber"?'?\s*[:=]\s*("(?:[^"\\]|\\.)*"|[^,}&]*)/g)].map(
    ([, raw = ""]) => {
      try {
        return String(JSON.parse(raw))
      } catch {
        return decodeURIComponent(raw)
      }
    },
  )

describe("a live service", { timeout: 60_000 }, () => {
  it("libphonenumber takes the numbers of the scenarios for somebody's", () => {
    assert.isAbove(takersOf("+15005552040").length, 0)
    assert.isAbove(takersOf("9994567890").length, 0)
  })

  it.live("gets no phone number that any region takes for one, but the one that is allowed", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ port: 0 })
      // It only listens: what fails would be sent again, and the rest not at all.
      const server = yield* makeWrongServer(mock.baseUrl, () => undefined)
      const { report } = yield* ContractVerify.verify({
        target: server.url,
        live: true,
        credentials,
        runs: 150,
        allowSend: Redacted.make(allowed),
      })
      assert.deepStrictEqual(
        report.checks.flatMap(({ findings }) => findings.map(({ message }) => message)),
        [],
      )
      const numbers = new Set(server.requests.flatMap(({ body }) => numbersIn(body)))
      assert.isAbove(numbers.size, 35)
      assert.isTrue(numbers.delete(allowed))
      assert.deepStrictEqual([...numbers].flatMap(takersOf), [])
      const hosts = server.requests.flatMap(({ body }) =>
        [...body.matchAll(/https?:[\\/]*(?:[^/@"?#\s]*@)?([^/"?:#\s\\]+)/gi)].map(
          ([, host]) => host,
        ),
      )
      assert.isAbove(hosts.length, 100)
      assert.deepStrictEqual(
        hosts.filter((host = "") => !host.startsWith("verify.invalid")),
        [],
      )
    }).pipe(Effect.scoped),
  )
})
