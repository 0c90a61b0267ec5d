/** A terminal: programs run in a pseudo-terminal, and what they print is on its screen. */
import { spawn } from "@lydell/node-pty"
// A CommonJS module without named exports.
import xterm from "@xterm/headless"

/** The size of a terminal, and where its programs run. */
export interface Options {
  readonly columns: number
  readonly rows: number
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

/** A program that runs in a terminal. */
export interface Running {
  /** Types keys, e.g. `y`, or `\u0003` for Ctrl-C. */
  readonly type: (keys: string) => void
  /** Hangs up, as when the window is closed. */
  readonly hangUp: () => void
  /** The exit code, or that of the signal that ended it. */
  readonly ended: Promise<{ readonly exitCode: number; readonly signal?: number | undefined }>
}

/** A part of a row that has one look. */
export interface Run {
  readonly text: string
  readonly isBold: boolean
  readonly isDim: boolean
  /** The number of the colour in the palette. Undefined is the default. */
  readonly color: number | undefined
}

/** A terminal. */
export interface Terminal {
  /** Prints a text, as a program would. */
  readonly print: (text: string) => Promise<void>
  /** All lines, also those that have left the screen. */
  readonly text: () => string
  /** The rows of the screen. */
  readonly rows: () => ReadonlyArray<ReadonlyArray<Run>>
  /** Waits until the text of the terminal matches. */
  readonly until: (pattern: RegExp) => Promise<void>
  /** Runs a program. */
  readonly run: (file: string, args: ReadonlyArray<string>) => Running
}

/** Opens a terminal. */
export const openTerminal = ({ columns, cwd, env, rows }: Options): Terminal => {
  const screen = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    scrollback: 1000,
  })
  const watchers = new Set<() => void>()
  const changed = (): void => {
    for (const watcher of watchers) watcher()
  }

  const lines = (): ReadonlyArray<string> =>
    Array.from({ length: screen.buffer.active.length }, (_, index) =>
      (screen.buffer.active.getLine(index)?.translateToString(true) ?? "").trimEnd(),
    )

  return {
    print: (text: string) => new Promise<void>((resolve) => screen.write(text, resolve)),

    text: (): string => lines().join("\n").trimEnd(),

    rows: (): ReadonlyArray<ReadonlyArray<Run>> =>
      Array.from({ length: rows }, (_, index) => runsOf(screen, index)),

    until: (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!pattern.test(lines().join("\n"))) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      }),

    run: (file: string, args: ReadonlyArray<string>): Running => {
      const program = spawn(file, [...args], { cols: columns, rows, cwd, env })
      program.onData((data) => screen.write(data, changed))
      // What the terminal answers to questions of the program, such as where the cursor is.
      const answering = screen.onData((data) => program.write(data))
      const ended = new Promise<{ exitCode: number; signal?: number | undefined }>((resolve) => {
        program.onExit((exit) => {
          answering.dispose()
          // What it has printed last may still be on its way to the screen.
          screen.write("", () => resolve(exit))
        })
      })
      return {
        type: (keys) => program.write(keys),
        hangUp: () => program.kill("SIGHUP"),
        ended,
      }
    },
  }
}

const runsOf = (screen: InstanceType<typeof xterm.Terminal>, index: number): Array<Run> => {
  const { active } = screen.buffer
  const line = active.getLine(active.baseY + index)
  const runs: Array<Run> = []
  for (let column = 0; column < (line?.length ?? 0); column++) {
    const cell = line?.getCell(column)
    if (cell === undefined || cell.getWidth() === 0) continue
    const look = {
      isBold: cell.isBold() !== 0,
      isDim: cell.isDim() !== 0,
      color: cell.isFgPalette() ? cell.getFgColor() : undefined,
    }
    const text = cell.getChars() === "" ? " " : cell.getChars()
    const last = runs.at(-1)
    const isSame =
      last !== undefined &&
      last.isBold === look.isBold &&
      last.isDim === look.isDim &&
      last.color === look.color
    if (isSame) runs[runs.length - 1] = { ...last, text: last.text + text }
    else runs.push({ text, ...look })
  }
  return runs
}
