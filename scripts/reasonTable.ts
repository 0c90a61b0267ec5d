/**
 * `tsx scripts/reasonTable.ts`: generates the tables of reasons in `docs/errors-and-retries.md` from the table in core. A test checks that they are up to date.
 */
import { SentError } from "@effect-sent/core"
import { fileURLToPath } from "node:url"
import { type GeneratedTable, write } from "./generatedTable.ts"

const page = "docs/errors-and-retries.md"

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
    page,
    script: "scripts/reasonTable.ts, when",
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
    page,
    script: "scripts/reasonTable.ts, what to do",
    rows: async () => [
      ["`reason`", "`mendedBy`", "what to do", "proves the credentials"],
      ...rows.map(([tag, facts]) => [`\`${tag}\``, mendedBy(facts), facts.remedy, proof(facts)]),
    ],
  },
]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // One after the other, so that a failure names its page.
  // oxlint-disable-next-line no-await-in-loop
  for (const table of tables) await write(table)
}
