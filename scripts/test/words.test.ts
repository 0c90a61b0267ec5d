/**
 * The texts of this repository are written in plain English: no phrase or name of the tables below occurs in them, and no page
 * shows a command that installs a package from a name that is not registered yet.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

interface Rule {
  /** The text to avoid. A space matches any white space, including line breaks inside a comment. */
  readonly avoid: RegExp
  /** What to write instead. */
  readonly write: string
  /** A text that the pattern finds. */
  readonly example: string
}

const phrases: ReadonlyArray<Rule> = [
  {
    avoid: /\bno signature fits\b|\bthe secret is another\b|\bchanged on its way\b/i,
    write: "no signature matches: wrong secret, or the body was altered",
    example: "no signature fits; the secret is another, or the body was changed on its way",
  },
  {
    avoid: /(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|less\b|such\b|later\b)/i,
    write: "is malformed; is not a …",
    example: "the timestamp is no Unix time of about now",
  },
  { avoid: /\bnone of ours\b/i, write: "unknown", example: "this URL is none of ours" },
  {
    avoid: /\bwhat is on this machine\b|\bleads to a live service\b/i,
    write: "Treat a loopback target as live",
    example: "What is on this machine leads to a live service",
  },
  {
    avoid: /\bonly what must be\b/i,
    write: "only requests that must be rejected are sent",
    example: "Without it, only what must be refused",
  },
  {
    avoid: /\bwhat was found\b|\bwhat of the contract\b/i,
    write: "Findings and contract coverage",
    example: "What was found, and what of the contract that has exercised",
  },
  {
    avoid: /\bwhat it (?:was|is) to be\b/i,
    write: "No message matched",
    example: "No message is what it was to be",
  },
  {
    avoid: /\bsomething is there\b|\bnobody needs? (?:to )?follow\b/i,
    write: "an addition that consumers may ignore",
    example: "something is there that was not and nobody need follow",
  },
  {
    avoid: /^#+ .*\bwhat (?:became|becomes) of\b|\[what (?:became|becomes) of\b/im,
    write: "Delivery updates (a title)",
    example: "# What became of the message",
  },
  {
    avoid: /\bwhat happens when it fails\b/i,
    write: "Errors and retries (a title)",
    example: "# What happens when it fails",
  },
  { avoid: /\bfor ever\b/i, write: "forever; always", example: "It is cached for ever" },
  { avoid: /\b(?:in|out of) force\b/i, write: "active; removed", example: "The faults in force" },
  {
    avoid: /\b(?:a|one|each|every|its|first|last|further|second|third) try\b/i,
    write: "an attempt",
    example: "Every try, oldest first",
  },
  {
    avoid: /\bwhere (?:it|they|\w+ \w+) stands?\b/i,
    write: "its status; its state",
    example: "Where the message stands",
  },
  {
    avoid: /\b(?:hears?|heard|told|tells) of\b/i,
    write: "is notified of; logs; reports",
    example: "and nobody hears of it",
  },
  {
    avoid: /\bh(?:o|e)lds? (?:\w+ ){0,3}to (?:its|the|their|it|them|that|this|a)\b/i,
    write: "checks … against …",
    example: "Holds a server to the contract",
  },
  { avoid: /\bof one's own\b/i, write: "your own", example: "a secret of one's own" },
  {
    avoid: /\bunless (?:it is )?told otherwise\b/i,
    write: "by default",
    example: "a second unless told otherwise",
  },
  {
    avoid: /\b(?:who|whoever) (?:waits|hangs up|comes)\b/i,
    write: "a caller that …",
    example: "whoever waits for the message",
  },
  {
    avoid: /\bwhat there is\b/i,
    write: "the available ones",
    example: "both say what there is",
  },
]

const names: ReadonlyArray<Rule> = [
  { avoid: /\breadonly holds\??:/, write: "passed", example: "readonly holds: boolean" },
  { avoid: /\breadonly keep\??:/, write: "maxMessages", example: "readonly keep?: number" },
  {
    avoid: /\breadonly allowHosts\??:/,
    write: "allowedHosts",
    example: "readonly allowHosts?: ReadonlyArray<string>",
  },
  { avoid: /\breadonly remembered\??:/, write: "dedupeSize", example: "readonly remembered: 1" },
  { avoid: /\breadonly needed\??:/, write: "requiredBump", example: "readonly needed: Bump" },
  { avoid: /\breadonly taken\??:/, write: "actualBump", example: "readonly taken: Bump" },
  { avoid: /\bWireAnswer\b/, write: "WireResponse", example: "interface WireAnswer" },
]

/** The tracked texts, except the lockfiles and this test. */
const files = execFileSync(
  "git",
  ["ls-files", "-co", "--exclude-standard", "*.ts", "*.tsx", "*.md", "*.yaml", "*.yml"],
  { cwd: root, encoding: "utf8" },
)
  .trim()
  .split("\n")
  .filter((file) => !/(?:^|\/)pnpm-lock\.yaml$|^scripts\/test\/words\.test\.ts$/.test(file))
  .filter((file) => existsSync(join(root, file)))

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

/** Between the words of a phrase there may be a line break, with the beginning of a comment line after it. */
const acrossLines = ({ flags, source }: RegExp): RegExp =>
  new RegExp(source.replaceAll(" ", "(?:[ \\t]+|\\s*\\n[\\s*/#>]*)"), `g${flags}`)

/** The location of each match, with the text and what to write instead. */
const find = (rules: ReadonlyArray<Rule>): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const text = textOf(file)
    return rules.flatMap(({ avoid, write }) =>
      Array.from(text.matchAll(acrossLines(avoid)), (match) => {
        const line = text.slice(0, match.index).split("\n").length
        return `${file}:${line}: "${match[0].replaceAll(/\s+/g, " ")}"; write: ${write}`
      }),
    )
  })

describe("the texts of this repository", () => {
  it("are found", () => {
    assert.isAbove(files.length, 200)
    assert.includeMembers(
      [...files],
      ["README.md", "docs/mock.md", "scripts/demo.ts", "action.yml"],
    )
  })

  it("contain no phrase that has to be turned around", () => {
    assert.deepStrictEqual(find(phrases), [])
  })

  it("contain none of the replaced names", () => {
    assert.deepStrictEqual(find(names), [])
  })

  it("show no command with a package name that is not registered yet", () => {
    const command =
      /\bnpx (?:--\S+ )*(?:effect-sent|@effect-sent\/)|\b(?:npm|pnpm) (?:install|i|add) (?:-\S+ )*@effect-sent\//
    const shown = files
      // The decision explains why. The long tests install the packages from files.
      .filter((file) => !/^docs\/decisions\/0009-|^long\//.test(file))
      .flatMap((file) =>
        textOf(file)
          .split("\n")
          .flatMap((line, index) => (command.test(line) ? [`${file}:${index + 1}: ${line}`] : [])),
      )
    assert.deepStrictEqual(shown, [])
  })
})

describe("the check", () => {
  it.each([...phrases, ...names])("finds $example", ({ avoid, example }) => {
    assert.match(example, acrossLines(avoid))
    assert.match(example.replaceAll(" ", "\n * "), acrossLines(avoid))
  })
})
