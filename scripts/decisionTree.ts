/**
 * `tsx scripts/decisionTree.ts`: draws what to do after a send in `docs/errors-and-retries.md`, with the reasons of each end from the
 * table in core. A test checks that the picture is up to date.
 */
import { SentError } from "@effect-sent/core"
import { fileURLToPath } from "node:url"
import { type GeneratedBlock, write } from "./generatedTable.ts"

type Facts = SentError.ReasonFacts<never>

const rows = Object.entries<Facts>(SentError.reasonTable)

/** The values that a fact can have. */
const valuesOf = <A extends string>(fact: SentError.Fact<never, A>): ReadonlyArray<string> =>
  typeof fact === "string" ? [fact] : Object.keys(fact.when)

/** A 408 is `unknown`, and the only response of this reason that passes with time. */
const never: ReadonlySet<string> = new Set(["UnexpectedResponse not-sent time"])

const reasonsOf = (delivery: string, mendedBy?: string): string =>
  rows
    .filter(
      ([tag, facts]) =>
        valuesOf(facts.delivery).includes(delivery) &&
        (mendedBy === undefined || valuesOf(facts.mendedBy).includes(mendedBy)) &&
        !never.has(`${tag} ${delivery} ${mendedBy}`),
    )
    .map(([tag]) => tag)
    .join("<br/>")

export const tree: GeneratedBlock = {
  page: "docs/errors-and-retries.md",
  script: "scripts/decisionTree.ts",
  language: "mermaid",
  code: `flowchart TD
  send(["sendToPhone"]) -- succeeds --> accepted["<b>accepted</b><br/>Done. Updates say whether it arrives."]
  send -- "fails with a SentError" --> delivery{"error.delivery"}
  delivery -- unknown --> unknown["<b>It may be on its way.</b><br/>${reasonsOf("unknown")}"]
  unknown --> update{"Is there an update?"}
  update -- yes --> sent["It was sent."]
  update -- "not yet" --> wait["Wait, or look at the dashboard.<br/>Send again only if<br/>two messages do no harm."]
  delivery -- not-sent --> mended{"error.mendedBy"}
  mended -- time --> later["<b>Send again later.</b><br/>isRetryable is true<br/>${reasonsOf("not-sent", "time")}"]
  mended -- recipient --> ask["<b>Ask for another number.</b><br/>${reasonsOf("not-sent", "recipient")}"]
  mended -- operator --> fix["<b>Fix it: it fails again until you do.</b><br/>${reasonsOf("not-sent", "operator")}"]`,
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(tree)
