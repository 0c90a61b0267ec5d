/**
 * Pages, examples and scripts agree with the contract: the magic numbers and their answers, the texts of refusals, and the names of
 * examples.
 */
import { Contract } from "@effect-sent/contract"
import { Effect, Predicate } from "effect"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const files = globSync(
  [
    "*.md",
    "docs/**/*.md",
    "{examples,scripts,benchmarks}/*.ts",
    "packages/*/README.md",
    "packages/*/{src,inbox}/**/*.{ts,tsx}",
  ],
  // Made from the doc comments.
  { cwd: root, exclude: ["docs/api"] },
)

/** Finds a pattern in all files. Returns the location and the text of each match, followed by its groups. */
const find = (pattern: RegExp): ReadonlyArray<ReadonlyArray<string>> =>
  files.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8")
    return Array.from(text.matchAll(pattern), (match) => {
      const [whole, ...groups] = match
      const line = text.slice(0, match.index).split("\n").length
      return [`${file}:${line} ${whole}`, ...groups]
    })
  })

const [operation] = (await Effect.runPromise(Contract.load())).operations
const { responses = [], scenarios = [] } = operation ?? {}
const examples = responses.flatMap((response) =>
  response.examples.map((example) => ({ ...example, status: response.status })),
)

const v3 = await Effect.runPromise(Contract.load(Contract.bundledV3Path))

const textsOf = ({ value }: Contract.Example): ReadonlyArray<string> =>
  Predicate.isObject(value)
    ? Object.entries(value).flatMap(([name, text]) =>
        ["detail", "title", "message"].includes(name) ? [String(text)] : [],
      )
    : []

describe("pages, examples and scripts", () => {
  it("only name magic numbers that play a scenario", () => {
    const numbers = find(/\+?(1500555\d{4})/g)
    assert.isAbove(numbers.length, 40)
    const all = [...scenarios, ...v3.operations.flatMap((one) => one.scenarios)]
    const played = new Set(all.map(({ phoneNumber }) => phoneNumber))
    assert.deepStrictEqual(
      numbers.filter(([, digits = ""]) => !played.has(`+${digits}`)),
      [],
    )
  })

  it("name the answer that a magic number plays", () => {
    const answers = find(/`(\+1500555\d{4})` is answered `(\d{3})` with `([^`]+)`/g)
    assert.isNotEmpty(answers)
    for (const [where = "", number, status, text = ""] of answers) {
      const answer = scenarios.find(({ phoneNumber }) => phoneNumber === number)?.answers[0]
      const example = examples.find(({ name }) => name === answer?.example)
      assert.strictEqual(String(answer?.status), status, where)
      assert.include(example === undefined ? [] : textsOf(example), text, where)
    }
  })

  it("quote refusals as the contract has them", () => {
    const texts = find(/\b([45]\d\d) `([A-Z][^`…]*?)\s*…?`/g)
    assert.isAbove(texts.length, 4)
    for (const [where = "", status, text = ""] of texts) {
      const known = examples.filter((one) => String(one.status) === status).flatMap(textsOf)
      assert.isTrue(
        known.some((one) => one.startsWith(text)),
        where,
      )
    }
  })

  it("only prefer examples that the contract has", () => {
    const names = find(/\bexample=([a-z]+(?:-[a-z]+)+)/g)
    assert.isNotEmpty(names)
    for (const [where, name = ""] of names) {
      assert.include(
        examples.map((example) => example.name),
        name,
        where,
      )
    }
  })
})
