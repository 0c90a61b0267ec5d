/** Values that the mock repeats from the contract are equal to the contract's. */
import { Contract } from "@effect-sent/contract"
import { MockServer } from "@effect-sent/mock-server"
import { assert, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect, Predicate } from "effect"
import { toneOf, tones } from "../inbox/status.ts"
import { post, sample } from "./support/calls.ts"
import { makeReceiver } from "./support/receiver.ts"

const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, name) => (Predicate.hasProperty(inner, name) ? inner[name] : undefined),
    value,
  )

it.effect(
  "an update has the headers that the contract's callback declares, and no others of its kind",
  () =>
    Effect.gen(function* () {
      const { document, operations } = yield* Contract.load()
      const member = operations[0]?.updates?.urlMember
      const callback = at(document, "components", "callbacks", "DeliveryStatus")
      const parameters = at(callback, `{$request.body#/${member}}`, "post", "parameters")
      assert.isArray(parameters)
      const declared = new Map(
        Array.from(Array.isArray(parameters) ? parameters : [], (one) => [
          String(at(one, "name")),
          at(one, "schema"),
        ]),
      )

      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* mock.clock.advance("1 hour")
      const headers = receiver.updates[0]?.headers ?? {}

      assert.sameMembers(
        Object.keys(headers).filter((name) => name.startsWith("x-")),
        [...declared.keys()],
      )
      const ajv = new Ajv2020({ strict: false, coerceTypes: true })
      for (const [name, schema] of declared) {
        assert.isTrue(
          ajv.validate({ properties: { value: schema } }, { value: headers[name] }),
          name,
        )
      }
    }),
)

it.effect("the page has a tone for each status of the contract and for the mock's own", () =>
  Effect.gen(function* () {
    const { document } = yield* Contract.load()
    const statuses = at(document, "components", "schemas", "MessageStatus", "enum")
    assert.isArray(statuses)
    assert.sameMembers(
      Object.keys(tones),
      ["ACCEPTED", "REFUSED", "REPLAYED", "SANDBOX"].concat(
        Array.isArray(statuses) ? statuses.map(String) : [],
      ),
    )
  }),
)

it("the page shows an unknown status in a neutral tone", () => {
  for (const status of ["BOUNCED", "", "constructor"]) {
    assert.strictEqual(toneOf(status), "quiet")
  }
})
