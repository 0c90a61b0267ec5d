/** Lists as people have them: what is read, what is mended, and what is refused in which words. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, type Scope } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type List, type Options, readList } from "../src/internal/list/list.ts"

const template = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-list-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

/** Reads a list of these contents. Returns the list, or why it is refused, without the path. */
const read = Effect.fnUntraced(function* (
  content: string | Uint8Array,
  options: Partial<Options> = {},
): Effect.fn.Return<List | string, never, Scope.Scope> {
  const path = yield* folder
  const file = join(path, "people.csv")
  writeFileSync(file, content)
  const all = { file, delimiter: undefined, template, allowDuplicates: false, ...options }
  const result = yield* Effect.result(readList(all))
  return Result.isSuccess(result)
    ? result.success
    : result.failure.message.replace(file, "people.csv")
}, Effect.scoped)

const sent = (list: List | string): unknown =>
  typeof list === "string"
    ? list
    : list.messages.map(({ input }) => [input.phoneNumber, input.messageBody])

/** The list, which must not have been refused. */
const readable = (list: List | string): List => {
  if (typeof list === "string") throw new Error(list)
  return list
}

/** Why the list was refused. */
const problemOf = (list: List | string): string => (typeof list === "string" ? list : "it was read")

const [ann, bob] = [
  ["+1234567890", { name: "Ann" }],
  ["+1234567891", { name: "Bob" }],
]

const utf16 = (text: string, mark: boolean, isBig: boolean): Uint8Array => {
  const bytes = Buffer.from((mark ? "\uFEFF" : "") + text, "utf16le")
  return isBig ? bytes.swap16() : bytes
}

describe("a list", () => {
  const plain = "to,name\n+1234567890,Ann\n+1234567891,Bob\n"
  const tabs = plain.replaceAll(",", "\t")

  it.effect.each<readonly [what: string, content: string | Uint8Array]>([
    ["with commas", plain],
    ["with semicolons", plain.replaceAll(",", ";")],
    ["with tabs", tabs],
    ["with vertical bars", plain.replaceAll(",", "|")],
    ["with the line of Excel", `sep=;\r\n${plain.replaceAll(",", ";")}`],
    ["with the line of Excel, and a byte order mark", `\uFEFFsep=;\n${plain.replaceAll(",", ";")}`],
    ["with a byte order mark", `\uFEFF${plain}`],
    ["with CRLF", plain.replaceAll("\n", "\r\n")],
    ["without a last line break", plain.trimEnd()],
    ["in UTF-16, as Excel saves Unicode text", utf16(tabs, true, false)],
    ["in UTF-16 of the other byte order", utf16(tabs, true, true)],
    ["in UTF-16 without a mark", utf16(tabs, false, false)],
    ["in UTF-16 of the other byte order without a mark", utf16(tabs, false, true)],
    ["with spaces in the header", plain.replace("to,name", " to , name ")],
    ["with quotes", 'to,name\n"+1234567890","Ann"\n"+1234567891","Bob"\n'],
    ["with a quoted header", plain.replace("to,name", '"to","name"')],
    ["with empty rows", "to,name\n\n+1234567890,Ann\n,\n , \n+1234567891,Bob\n,\n"],
    ["with an empty column that has no name", "to,name,\n+1234567890,Ann,\n+1234567891,Bob,\n"],
    ["with more empty cells than columns", "to,name\n+1234567890,Ann,,\n+1234567891,Bob\n"],
  ])("%s", ([, content]) =>
    Effect.map(read(content), (list) => assert.deepStrictEqual(sent(list), [ann, bob])),
  )

  it.effect("keeps delimiters and line breaks of a quoted cell", () =>
    Effect.map(read('to;name\n+1234567890;"Ann; ""A""\nand, Bob"\n'), (list) =>
      assert.deepStrictEqual(sent(list), [["+1234567890", { name: 'Ann; "A"\nand, Bob' }]]),
    ),
  )

  it.effect("takes the delimiter that is named", () =>
    Effect.map(read("to~name\n+1234567890~Ann\n", { delimiter: "~" }), (list) =>
      assert.deepStrictEqual(sent(list), [ann]),
    ),
  )

  it.effect.each<readonly [what: string, content: string | Uint8Array, problem: RegExp]>([
    ["nothing", "", /: the list is empty$/],
    ["only a header", "to,name\n", /: the list has no rows$/],
    ["only empty rows", "to,name\n,\n", /: the list has no rows$/],
    [
      "a name twice",
      "to,to\n+1234567890,+1234567891\n",
      /two columns are called "to"; remove or rename one$/,
    ],
    ["a name twice, but for a space", "to,name,name \n+1234567890,A,B\n", /are called "name"/],
    [
      "a value in a column without a name",
      "to,,name\n+1234567890,x,Ann\n",
      /column 2 has no name, but a value in line 2$/,
    ],
    [
      "more cells than columns",
      "to,name\n+1234567890,Ann\n+1234567891,Doe, Jane\n",
      /line 3 has 3 cells, and the header 2/,
    ],
    [
      "no column for numbers",
      "phone;name\n+1234567890;Ann\n",
      /"to" with the phone numbers is missing: it has "phone", "name", separated by semicolons; rename it, or pass --delimiter$/,
    ],
    [
      "the column in capitals",
      "To,name\n+1234567890,Ann\n",
      /"to" is missing: write "To" as "to"$/,
    ],
    [
      "a quote that is not closed",
      'to,name\n+1234567890,"Ann\n+1234567891,Bob\n',
      /line \d is not closed$/,
    ],
    ["a quote within a cell", 'to,name\n+1234567890,An"n\n', /line 2 has a quote in the middle/],
    [
      "Latin-1",
      Buffer.from("to,name\n+1234567890,Zo\u00EB\n", "latin1"),
      /line 2 is not UTF-8; save the list as "CSV UTF-8"$/,
    ],
    ["characters that were lost earlier", "to,name\n+1234567890,Zo\uFFFD\n", /line 2 is not UTF-8/],
  ])("is refused with %s", ([, content, problem]) =>
    Effect.map(read(content), (list) => assert.match(problemOf(list), problem)),
  )

  it.effect("is refused without a template", () =>
    Effect.map(read("to\n+1234567890\n", { template: undefined }), (list) =>
      assert.match(problemOf(list), /no template; pass --template, or add a column "template"$/),
    ),
  )

  it.effect("that does not exist is named", () =>
    Effect.map(Effect.flip(readList({ ...missing, template })), ({ message }) =>
      assert.strictEqual(message, "/no/people.csv does not exist"),
    ),
  )

  it.effect("that is a folder is named", () =>
    Effect.map(Effect.flip(readList({ ...missing, file: tmpdir(), template })), ({ message }) =>
      assert.strictEqual(message, `${tmpdir()} is a folder; name the file in it`),
    ),
  )
  const missing = { file: "/no/people.csv", delimiter: undefined, allowDuplicates: false }
})

describe("a number", () => {
  it.effect("loses spaces around it and what is not visible, and nothing else", () =>
    Effect.gen(function* () {
      const cells = [
        " +1234567890",
        "+1234567891\u00A0",
        "\u202A+1234567892\u202C",
        "+12345\u200B67893",
        "+1234567894",
      ]
      const list = readable(yield* read(["to", ...cells].join("\n")))
      assert.deepStrictEqual(sent(list), [
        ["+1234567890", {}],
        ["+1234567891", {}],
        ["+1234567892", {}],
        ["+1234567893", {}],
        ["+1234567894", {}],
      ])
      assert.strictEqual(list.mended, 4)
    }),
  )

  it.effect.each<readonly [cell: string, problem: RegExp]>([
    ["1.23457E+11", /a spreadsheet has rounded this number/],
    ['"1,23457E+11"', /a spreadsheet has rounded this number/],
    ["+1 234 567890", /character 3 is a space/],
    ["+49 (0) 1555019", /\(0\)/],
    ["001555019890", /begins with 00 instead of \+/],
    ["1555019890", /no \+ and country code/],
    ["tel:+1555019890", /begins with "tel:"/],
    ["+1234\u2011567890", /character 6 is a non-breaking hyphen \(U\+2011\)/],
    ["\uFF0B1555019890", /character 1 is a full-width plus sign/],
    ["+\u0661555019890", /character 2 is a digit other than 0 to 9 \(U\+0661\)/],
    ["+12", /it has 2 digits/],
    ['""', /it is empty/],
  ])("%j is refused, and said why", ([cell, problem]) =>
    Effect.gen(function* () {
      const list = readable(yield* read(`to,name\n${cell},Ann\n+1234567891,Bob\n`))
      assert.deepStrictEqual(sent(list), [bob])
      assert.deepStrictEqual(
        list.problems.map(({ line }) => line),
        [2],
      )
      assert.match(list.problems[0]?.problem ?? "", problem)
      assert.notInclude(list.problems[0]?.problem ?? "", "5550")
    }),
  )

  it.effect("that comes again counts once, unless duplicates are allowed", () =>
    Effect.gen(function* () {
      const content = "to,name\n+1234567890,Ann\n+1234567891,Bob\n+1234567890,Ann\n+1234567890,Al\n"
      const list = readable(yield* read(content))
      assert.deepStrictEqual(sent(list), [ann, bob])
      assert.deepStrictEqual(list.repeated, [
        { line: 4, first: 2, isEqual: true },
        { line: 5, first: 2, isEqual: false },
      ])
      const all = readable(yield* read(content, { allowDuplicates: true }))
      assert.deepStrictEqual(
        all.messages.map(({ line, nth }) => [line, nth]),
        [
          [2, 1],
          [3, 1],
          [4, 2],
          [5, 3],
        ],
      )
    }),
  )
})
