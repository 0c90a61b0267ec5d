/** Inputs that look right: which character is wrong and where, and what of a template's values cannot be sent. */
import { SentClient } from "@effect-sent/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { runInNewContext } from "node:vm"
import { clientLayer } from "@effect-sent/faults/program"
import { sample } from "@effect-sent/faults/sample"

const accepting = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))),
  ),
)

/** The issues of an input, one in a line. */
const issuesOf = (input: object) =>
  // `object` hides from TypeScript what a caller from JavaScript passes.
  SentClient.sendToPhone({ ...sample, ...input }).pipe(
    Effect.provide(clientLayer(accepting, {})),
    Effect.match({
      onSuccess: () => "sent",
      onFailure: ({ reason }) =>
        reason._tag === "InvalidRequest"
          ? reason.issues.map(({ message, path }) => `${path.join(".")} ${message}`).join("\n")
          : reason._tag,
    }),
  )

describe("a phone number that looks right", () => {
  it.effect.each<readonly [phoneNumber: string, problem: string]>([
    ["+1 234567890", "character 3 is a space (U+0020)"],
    ["001234567890", "it begins with 00 instead of +"],
    ["+44 (0)20 7946 0018", "it has (0), which is only dialled within a country"],
    ["+1(234)567890", 'character 3 is "("'],
    ["+1-234-567-890", 'character 3 is "-"'],
    ["+1234567890 ext. 12", "it has an extension"],
    ["+1234567890x12", "it has an extension"],
    ["＋1234567890", "character 1 is a full-width plus sign (U+FF0B)"],
    ["\u202a+1234567890\u202c", "character 1 is a left-to-right embedding (U+202A)"],
    ["+1234567890\u202c", "character 12 is a pop directional formatting (U+202C)"],
    ["+1\u2011234567890", "character 3 is a non-breaking hyphen (U+2011)"],
    ["+1234\u200b567890", "character 6 is a zero-width space (U+200B)"],
    ["+1\u00a0234567890", "character 3 is a no-break space (U+00A0)"],
    ["+١٢٣٤٥٦٧٨٩٠", "character 2 is a digit other than 0 to 9 (U+0661)"],
    ["1234567890", "it has no + and country code in front"],
    ["+1234567890 ", "character 12 is a space (U+0020)"],
    ["+1234567890\n", "character 12 is a line break (U+000A)"],
    ["tel:+1234567890", 'it begins with "tel:"'],
    ["", "it is empty"],
    ["+0234567890", "no country code begins with 0"],
    ["+123456", "it has 6 digits"],
    ["+1234567890123456", "it has 16 digits"],
    ["+1234567890\u0001", "character 12 is not visible (U+0001)"],
    ["+12345é7890", "character 7 is é (U+00E9)"],
    // Counted as a reader does, not in UTF-16.
    ["+1📞34567890", "character 3 is 📞 (U+1F4DE)"],
  ])("%j", ([phoneNumber, problem]) =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* issuesOf({ phoneNumber }),
        `phoneNumber must be an E.164 phone number: + and 7 to 15 digits, e.g. +1234567890 (${problem})`,
      )
    }),
  )
})

class Customer {
  get name(): string {
    return "Jane"
  }
}

const plain = 'messageBody must be a plain object, e.g. { name: "John" }'

describe("template values", () => {
  it.effect.each<readonly [title: string, messageBody: unknown, issues: string]>([
    ["a Map", new Map([["name", "John"]]), `${plain} (got a Map)`],
    ["an instance with getters", new Customer(), `${plain} (got a Customer)`],
    ["a Date", new Date(0), `${plain} (got a Date)`],
    [
      "a lone surrogate",
      { name: "a\ud83d" },
      "messageBody.name is not well-formed Unicode (a lone surrogate at character 2)",
    ],
    [
      "a lone surrogate in a name",
      { "\udc00": "x" },
      "messageBody has a name that is not well-formed Unicode",
    ],
    ["a pair of surrogates", { name: "📞" }, "sent"],
    ["an object without a prototype", Object.assign(Object.create(null), { name: "x" }), "sent"],
    ["an object of another realm", runInNewContext('({ name: "x" })'), "sent"],
    ["a list", ["x"], "messageBody must be an object"],
    [
      "several at once",
      { n: 1, name: "\ud83d" },
      "messageBody.n must be a string\nmessageBody.name is not well-formed Unicode (a lone surrogate at character 1)",
    ],
  ])("%s", ([, messageBody, issues]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* issuesOf({ messageBody }), issues)
    }),
  )
})
