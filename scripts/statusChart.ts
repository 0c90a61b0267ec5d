/**
 * `tsx scripts/statusChart.ts`: generates the state chart of a message in `docs/delivery-updates.md` from the table of
 * statuses in core. A test checks that it is up to date.
 */
import { DeliveryStatus } from "@effect-sent/core"
import { fileURLToPath } from "node:url"
import { type GeneratedBlock, write } from "./generatedTable.ts"

const statuses = Object.entries(DeliveryStatus.statusTable).toSorted(
  ([, one], [, other]) => one.rank - other.rank,
)

type Outcome = (typeof statuses)[number][1]["outcome"]

const namesOf = (outcome: Outcome): ReadonlyArray<string> =>
  statuses.filter(([, facts]) => facts.outcome === outcome).map(([name]) => name)

const inOrder = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.slice(1).map((name, index) => `${names[index]} --> ${name}`)

const group = (id: string, label: string, lines: ReadonlyArray<string>): ReadonlyArray<string> => [
  `state "${label}" as ${id} {`,
  ...lines.map((line) => `  ${line}`),
  "}",
]

const routing = statuses.filter(([, { isRouting }]) => isRouting).map(([name]) => name)

export const chart: GeneratedBlock = {
  page: "docs/delivery-updates.md",
  script: "scripts/statusChart.ts",
  language: "mermaid",
  code: [
    "stateDiagram-v2",
    ...[
      "[*] --> way",
      ...group("way", "on its way", inOrder(namesOf(undefined))),
      ...group("success", "final: success", inOrder(namesOf("success"))),
      ...group("failure", "final: failure", namesOf("failure")),
      "way --> success",
      "way --> failure",
      "success --> failure: revoked",
      `failure --> way: routed anew (${routing.join(" or ")} again)`,
    ].map((line) => `  ${line}`),
  ].join("\n"),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(chart)
