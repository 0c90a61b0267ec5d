/**
 * `tsx scripts/optionsTable.ts`: generates the tables of options in `docs/options.md` from the doc comments of the interfaces in code.
 * A test checks that they are up to date.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseSync } from "oxc-parser"
import { type GeneratedTable, write } from "./generatedTable.ts"

export const page = "docs/options.md"

/** The tables, by the name that their markers have: the interfaces whose members are their rows. */
const interfaces: Readonly<Record<string, ReadonlyArray<readonly [file: string, name: string]>>> = {
  "a client": [["packages/core/src/internal/send/client.ts", "Options"]],
  "a client of v3": [["packages/core/src/SentMessages.ts", "Options"]],
  "a send": [
    ["packages/core/src/internal/send/sendOptions.ts", "CommonOptions"],
    ["packages/core/src/internal/send/sendOptions.ts", "SendOptions"],
  ],
  credentials: [["packages/core/src/SentCredentials.ts", "RotatingOptions"]],
  "a retry policy": [["packages/core/src/internal/send/retryPolicy.ts", "Options"]],
  "a rate limit": [["packages/core/src/RateLimit.ts", "Options"]],
  "a circuit breaker": [["packages/core/src/CircuitBreak.ts", "Options"]],
  "a bulk": [["packages/core/src/BulkSender.ts", "Options"]],
  "a tracker": [
    ["packages/core/src/DeliveryTracker.ts", "Options"],
    ["packages/core/src/internal/updates/receiver.ts", "Limits"],
  ],
  "a webhook": [
    ["packages/core/src/SentWebhook.ts", "VerifyOptions"],
    ["packages/core/src/SentWebhook.ts", "ReceiverOptions"],
    ["packages/core/src/internal/updates/receiver.ts", "Limits"],
  ],
  "a durable sender": [["packages/durable/src/DurableSender.ts", "Options"]],
  "an enqueued message": [["packages/durable/src/internal/queue/options.ts", "EnqueueOptions"]],
  "a worker": [["packages/durable/src/DurableSender.ts", "WorkerOptions"]],
  SQLite: [["packages/durable/src/Sqlite.ts", "Options"]],
  "a store in SQL": [["packages/durable/src/SqlDeliveryStore.ts", "Options"]],
  "the mock": [["packages/mock-server/src/internal/options.ts", "Options"]],
}

const rowsOf = (file: string, name: string): ReadonlyArray<ReadonlyArray<string>> => {
  const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8")
  const { comments, program } = parseSync(file, text)
  const found = program.body
    .map((statement) =>
      statement.type === "ExportNamedDeclaration" ? statement.declaration : statement,
    )
    .find((one) => one?.type === "TSInterfaceDeclaration" && one.id.name === name)
  if (found?.type !== "TSInterfaceDeclaration") throw new Error(`${file} has no interface ${name}`)
  return found.body.body.map((member) => {
    if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier") {
      throw new Error(`${file}: a member of ${name} is not an option`)
    }
    const comment = comments.findLast(
      ({ end }) => end <= member.start && /^\s*$/.test(text.slice(end, member.start)),
    )
    if (comment === undefined) throw new Error(`${file}: ${member.key.name} has no doc comment`)
    const { fallback, words } = read(comment.value)
    return [`\`${member.key.name}\``, member.optional ? fallback || "none" : "required", words]
  })
}

/** The default in a doc comment, and the rest of it, without its details. */
const read = (comment: string): { readonly fallback: string; readonly words: string } => {
  const [text = ""] = comment
    .replaceAll(/^\s*\*+ ?/gm, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll(/\{@link ([^}]+)\}/g, "`$1`")
    .trim()
    .split(" **Details**")
  const given = / ?\bDefault( over v\d)?: (.+?)\.(?=\s|$)/g
  const defaults = Array.from(text.matchAll(given), ([, version = "", value = ""]) =>
    `${version.trim()} ${value}`.trim(),
  )
  return {
    fallback: defaults.join("; ").replaceAll("|", "\\|"),
    words: text.replaceAll(given, "").trim().replaceAll("|", "\\|"),
  }
}

export const tables: ReadonlyArray<GeneratedTable> = Object.entries(interfaces).map(
  ([name, sources]) => ({
    page,
    script: `scripts/optionsTable.ts, of ${name}`,
    rows: async () => [
      ["option", "default", "what it is"],
      ...sources.flatMap(([file, type]) => rowsOf(file, type)),
    ],
  }),
)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // One after the other: they are parts of one page.
  // oxlint-disable-next-line no-await-in-loop
  for (const table of tables) await write(table)
}
