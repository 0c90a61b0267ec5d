/**
 * `pnpm build:recording`: records how a campaign is sent in a terminal, for the guide: `docs/images/campaign.svg`. The programs are
 * real, in a pseudo-terminal, and the service is the mock. With `--check`, says whether they still print what is recorded.
 */
import { startMockServer } from "@effect-sent/mock-server"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { drawFilm, type Frame } from "./svg.ts"
import { openTerminal } from "./terminal.ts"

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const bin = pathOf("../src/bin.ts")
const picture = pathOf("../../../docs/images/campaign.svg")

const [columns, rows] = [120, 20]

interface Step {
  readonly args: ReadonlyArray<string>
  /** What is answered to which question. */
  readonly answer?: { readonly to: RegExp; readonly keys: string }
}

const steps: ReadonlyArray<Step> = [
  {
    args: "send --csv people.csv --campaign spring --template 7ba7b820-9dad-11d1-80b4-00c04fd430c8".split(
      " ",
    ),
    answer: { to: /Send 5 messages/, keys: "y" },
  },
  { args: ["report", "--campaign", "spring"] },
]

/** Records the steps. Returns the frames, and all that is printed. */
const record = async (): Promise<{
  readonly frames: ReadonlyArray<Frame>
  readonly text: string
}> => {
  const folder = await mkdtemp(join(tmpdir(), "effect-sent-recording-"))
  const frames: Array<Frame> = []
  try {
    await using mock = await startMockServer()
    const terminal = openTerminal({
      columns,
      rows,
      cwd: pathOf("../../../examples/campaign"),
      env: {
        PATH: process.env["PATH"],
        TERM: "xterm-256color",
        NODE_OPTIONS: "--conditions=@effect-sent/source",
        NODE_COMPILE_CACHE: join(folder, "cache"),
        HOME: folder,
        XDG_DATA_HOME: folder,
        SENT_BASE_URL: mock.baseUrl,
        SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
        SENT_API_KEY: "a-key-of-the-mock",
      },
    })
    const show = (millis: number): void => void frames.push({ rows: terminal.rows(), millis })
    // One step after the other.
    /* oxlint-disable no-await-in-loop */
    for (const { answer, args } of steps) {
      const command = ["effect-sent", ...args].join(" ")
      await terminal.print("\u001B[32m$\u001B[39m ")
      show(600)
      for (let typed = 0; typed < command.length; typed += typingStep) {
        await terminal.print(command.slice(typed, typed + typingStep))
        show(90)
      }
      show(500)
      await terminal.print("\r\n")
      const program = terminal.run(process.execPath, [bin, ...args])
      if (answer !== undefined) {
        await terminal.until(answer.to)
        show(3500)
        program.type(answer.keys)
      }
      await program.ended
      show(answer === undefined ? 7000 : 5000)
      await terminal.print("\r\n")
    }
    /* oxlint-enable no-await-in-loop */
    return { frames, text: terminal.text() }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** How many letters are typed between two frames. */
const typingStep = 4

/** What differs from run to run: times, and the rate. */
const masked = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/, [\d.-]+ a second, \w+ left/g, ", RATE a second")
    .replaceAll(/\[[\d:.]+\]/g, "[TIME]")

const textOf = (svg: string): string =>
  (/<desc[^>]*>([^]*)<\/desc>/.exec(svg)?.[1] ?? "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")

const { frames, text } = await record()
if (process.argv.includes("--check")) {
  if (masked(textOf(await readFile(picture, "utf8"))) !== masked(text)) {
    console.error(`docs/images/campaign.svg is not what is printed now:\n${text}`)
    process.exitCode = 1
  }
} else {
  const title = "A terminal in which a campaign is checked, sent and reported"
  await writeFile(picture, drawFilm({ title, text, columns, frames }))
  console.log(text)
}
process.exit()
