/**
 * `tsx scripts/reasonTable.ts`: generates the tables of reasons in `README.md` and `docs/errors-and-retries.md` from the
 * table in core. A test checks that they are up to date.
 */
import { SentError } from "@effect-sent/core"
import { fileURLToPath } from "node:url"
import { type GeneratedTable, write } from "./generatedTable.ts"

const script = "scripts/reasonTable.ts"

type Facts = SentError.ReasonFacts<never>

const rows = Object.entries<Facts>(SentError.reasonTable)

/** A fact in words: its value, or each value and when it applies. */
const inWords = <A extends string>(
  fact: SentError.Fact<never, A>,
  wordOf: (value: string) => string,
): string =>
  typeof fact === "string"
    ? wordOf(fact)
    : Object.entries(fact.when)
        .map(([value, when]) => `${wordOf(value)} ${String(when)}`)
        .join(", ")

const delivery = (facts: Facts): string =>
  inWords(facts.delivery, (value) => value.replace("-", " "))

/** When a failure is transient; empty if it never is. */
const transient = ({ mendedBy }: Facts): string => {
  if (typeof mendedBy === "string") return mendedBy === "time" ? "yes" : ""
  return mendedBy.when.time ?? ""
}

const mendedBy = (facts: Facts): string =>
  typeof facts.mendedBy === "string"
    ? facts.mendedBy
    : Object.entries(facts.mendedBy.when)
        .map(([who, when]) => `${who} (${when})`)
        .join(", ")

/** When a response proves the credentials good; empty if it never does. */
const proof = ({ provesCredentials }: Facts): string => {
  if (typeof provesCredentials === "string") return provesCredentials === "yes" ? "yes" : ""
  return provesCredentials.when.yes ?? ""
}

export const tables: ReadonlyArray<GeneratedTable> = [
  {
    page: "README.md",
    script,
    rows: async () => [
      ["`reason`", "when", "`delivery`", "transient"],
      ...rows.map(([tag, facts]) => [
        `\`${tag}\``,
        facts.occurs,
        delivery(facts),
        transient(facts),
      ]),
    ],
  },
  {
    page: "docs/errors-and-retries.md",
    script,
    rows: async () => [
      ["`reason`", "`delivery`", "`mendedBy`", "proves the credentials", "what to do"],
      ...rows.map(([tag, facts]) => [
        `\`${tag}\``,
        delivery(facts),
        mendedBy(facts),
        proof(facts),
        facts.remedy,
      ]),
    ],
  },
]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // One after the other, so that a failure names its page.
  // oxlint-disable-next-line no-await-in-loop
  for (const table of tables) await write(table)
}
