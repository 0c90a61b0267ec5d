/** `Prefer` chooses any answer of the contract, and `Accept` its media type. */
import { Contract } from "@effect-sent/contract"
import { MockServer } from "@effect-sent/mock-server"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { assertProblem, contractChecker, jsonOf, post } from "./support/calls.ts"

const { operations } = await Effect.runPromise(Contract.load())

const responses = operations.flatMap((operation) => operation.responses)

const named = responses.flatMap(({ examples, status }) =>
  examples.map((example) => [`${status} ${example.name}`, String(status), example] as const),
)

describe("the contract", () => {
  it("has an example to prefer for every status except success", () => {
    assert.isAbove(named.length, 15)
    for (const { examples, status } of responses) {
      assert.strictEqual(examples.length === 0, status === 204, String(status))
    }
  })
})

layer(MockServer.layer())("a valid request", (suite) => {
  suite.effect("is accepted, without body and content type", () =>
    Effect.gen(function* () {
      const answer = yield* post(yield* MockServer.MockServer)
      assert.strictEqual(answer.status, 204)
      assert.strictEqual(answer.body, "")
      assert.notProperty(answer.headers, "content-type")
      assert.notProperty(answer.headers, "retry-after")
    }),
  )

  suite.effect.each(named)("is answered with %s when that is preferred", ([, status, example]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.MockServer
      const conforms = yield* contractChecker
      for (const prefer of [
        `code=${status}, example=${example.name}`,
        `code=${status}; example="${example.name}"`,
        `Example=${example.name}`,
      ]) {
        const answer = yield* post(mock, undefined, { prefer })
        assert.strictEqual(String(answer.status), status, prefer)
        assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        assert.deepStrictEqual(jsonOf(answer), example.value)
        conforms(answer.status, jsonOf(answer))
        // The answer has exactly the headers of the example.
        const own = [
          "retry-after",
          "x-ratelimit-limit",
          "x-ratelimit-remaining",
          "x-ratelimit-reset",
        ]
        const expected = Object.fromEntries(
          Object.entries(example.headers).map(([name, value]) => [name.toLowerCase(), value]),
        )
        for (const name of own) assert.strictEqual(answer.headers[name], expected[name], name)
      }
    }),
  )

  suite.effect("is answered with each example as application/json, too", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.MockServer
      for (const [title, status, example] of named) {
        const prefer = `code=${status}, example=${example.name}`
        const answer = yield* post(mock, undefined, { accept: "application/json", prefer })
        assert.strictEqual(answer.headers["content-type"], "application/json", title)
        assert.deepStrictEqual(jsonOf(answer), example.value, title)
      }
    }),
  )

  suite.effect.each(responses.map(({ examples, status }) => [status, examples[0]?.value] as const))(
    "is answered with the first example of %i for the code alone",
    ([status, value]) =>
      Effect.gen(function* () {
        const answer = yield* post(yield* MockServer.MockServer, undefined, {
          prefer: `code=${status}`,
        })
        assert.strictEqual(answer.status, status)
        if (value === undefined) assert.strictEqual(answer.body, "")
        else assert.deepStrictEqual(jsonOf(answer), value)
      }),
  )

  suite.effect.each(responses.filter(({ mayBeEmpty }) => mayBeEmpty).map(({ status }) => [status]))(
    "is answered with a bare %i for the example `empty`",
    ([status]) =>
      Effect.gen(function* () {
        const answer = yield* post(yield* MockServer.MockServer, undefined, {
          prefer: `code=${status}, example=empty`,
        })
        assert.strictEqual(answer.status, status)
        assert.strictEqual(answer.body, "")
        assert.notProperty(answer.headers, "content-type")
      }),
  )

  suite.effect.each([
    ["application/json", "application/json"],
    ["application/problem+json", "application/problem+json"],
    ["application/json;q=0.4, application/problem+json;q=0.3", "application/json"],
    ["*/*", "application/problem+json"],
    ["application/*;q=0.1", "application/problem+json"],
    // An answer in another type is better than none (RFC 9110, section 12.4.1).
    ["text/html", "application/problem+json"],
    ["nonsense", "application/problem+json"],
  ] as const)("accepting %s gets its refusal as %s", ([accept, type]) =>
    Effect.gen(function* () {
      const answer = yield* post(yield* MockServer.MockServer, undefined, {
        accept,
        prefer: "code=429",
      })
      assert.strictEqual(answer.status, 429)
      assert.strictEqual(answer.headers["content-type"], type)
      assert.strictEqual(answer.headers["retry-after"], "60")
    }),
  )

  suite.effect("does not affect the next request with its preference", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.MockServer
      yield* post(mock, undefined, { accept: "application/json", prefer: "code=403" })
      assert.strictEqual((yield* post(mock)).status, 204)
      const answer = yield* post(mock, undefined, { prefer: "code=403" })
      assert.strictEqual(answer.headers["content-type"], "application/problem+json")
    }),
  )

  suite.effect.each([
    ["code=418", 'no code "418"; available: 204, 400, 401'],
    ["code=abc", 'no code "abc"'],
    ["example=nothing", 'no example "nothing"; available: 400: validation-failed'],
    ["code=403, example=nothing", 'no example "nothing" for 403; available: forbidden, empty'],
    ["code=204, example=x", 'no example "x" for 204; available: none'],
    ["code=429, example=empty", 'no example "empty" for 429'],
    // The example belongs to another status.
    ["code=429, example=forbidden", 'no example "forbidden" for 429'],
    [`example=${"x".repeat(500)}`, `"${"x".repeat(80)}…"`],
  ] as const)(
    "that prefers %s is refused, and the answer lists what is available",
    ([prefer, detail]) =>
      Effect.gen(function* () {
        const answer = yield* post(yield* MockServer.MockServer, undefined, { prefer })
        assert.include(assertProblem(answer, 400), detail)
      }),
  )

  suite.effect.each(["", ",,;;", "=", "respond-async, wait=10", "dynamic=true"])(
    "with a preference that the mock ignores (%s) is accepted",
    (prefer) =>
      Effect.gen(function* () {
        const answer = yield* post(yield* MockServer.MockServer, undefined, { prefer })
        assert.strictEqual(answer.status, 204)
      }),
  )

  suite.effect("must be valid even if it prefers a refusal", () =>
    Effect.gen(function* () {
      const answer = yield* post(yield* MockServer.MockServer, {}, { prefer: "code=204" })
      assert.strictEqual(answer.status, 400)
    }),
  )
})
