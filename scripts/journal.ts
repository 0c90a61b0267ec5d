/**
 * The result file of `pnpm send --csv`: the outcome of each line, written as soon as it is known, so that a crash or Ctrl-C does not
 * lead to a second SMS. Each line is first `started` and then has its outcome. A line that is only `started` may have been sent.
 *
 * The file contains no phone number and no template value.
 */
import { parse } from "csv-parse/sync"
import { stringify } from "csv-stringify/sync"
import { createHash } from "node:crypto"
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"

/** The outcome of a line. */
export type Outcome = "started" | "accepted" | "rejected" | "unknown"

/** A line of the input. */
export interface Line {
  /** The line number, from 1. */
  readonly number: number
  /** A hash of the content, too short to recover it. */
  readonly check: string
}

/** A result for a line. */
export interface Entry {
  readonly outcome: Outcome
  readonly reason?: string
  readonly message?: string
  readonly attempts?: number
}

/** The results of earlier runs. */
export interface Earlier {
  /**
   * Returns the latest outcome of a line. Throws a `JournalError` when the line may have been sent and its content has changed. A
   * line that was not sent may have been corrected.
   */
  readonly outcome: (line: Line) => Outcome | undefined
  /**
   * Throws a `JournalError` when `outcome` was not called for a line that may have been sent: lines have been moved or removed, so
   * line numbers no longer identify messages.
   */
  readonly assertComplete: () => void
}

/** An open result file. */
export interface Journal {
  readonly write: (line: Line, entry: Entry) => void
  readonly close: () => void
}

/** A problem with the result file. The message is for the user. */
export class JournalError extends Error {
  override readonly name = "JournalError"
}

const columns = ["line", "check", "outcome", "reason", "message", "attempts", "time"]

/** Hashes the content of a line to 32 bits: enough to detect a change, and too few to identify a phone number. */
export const checkOf = (fields: Readonly<Record<string, string>>): string =>
  createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 8)

/**
 * Reads a result file. Throws a `JournalError` when the file exists without `resume`, does not exist with `resume`, or is not a
 * result file.
 */
export const readEarlier = (file: string, resume: boolean): Earlier => {
  const isThere = existsSync(file)
  if (isThere && !resume) {
    throw new JournalError(
      `${file} already exists; pass --resume to continue it, or --out to write another file`,
    )
  }
  if (!isThere && resume)
    throw new JournalError(`${file} does not exist; there is nothing to resume`)
  const rows = isThere ? readRows(file) : new Map<number, Row>()
  const notAskedFor = new Set(
    [...rows].filter(([, { outcome }]) => outcome !== "rejected").map(([number]) => number),
  )
  return {
    outcome: ({ check, number }) => {
      const row = rows.get(number)
      notAskedFor.delete(number)
      if (row !== undefined && row.outcome !== "rejected" && row.check !== check) {
        throw new JournalError(
          `line ${number} is ${row.outcome} in ${file}, but its content has changed since; restore the input file`,
        )
      }
      return row?.outcome
    },
    assertComplete: () => {
      const [number] = notAskedFor
      if (number === undefined) return
      throw new JournalError(
        `line ${number} is ${rows.get(number)?.outcome} in ${file}, but no longer in the input; restore the input file`,
      )
    },
  }
}

/** Opens a result file to append to. */
export const openJournal = (file: string): Journal => {
  const isNew = !existsSync(file)
  // Removes an incomplete last row, or the next row would be appended to it and lost.
  if (!isNew) truncateSync(file, wholeRows(readFileSync(file)).length)
  const handle = openSync(file, "a")
  const append = (row: ReadonlyArray<string | number>): void => {
    // Escapes cells that a spreadsheet would read as formulas.
    writeSync(handle, stringify([[...row]], { escape_formulas: true }))
  }
  if (isNew) append(columns)
  return {
    write: ({ check, number }, { attempts = "", message = "", outcome, reason = "" }) => {
      // Each row is one line, so that an incomplete row can be detected.
      const said = message.replaceAll(/\s+/gu, " ")
      append([number, check, outcome, reason, said, attempts, new Date().toISOString()])
    },
    close: () => closeSync(handle),
  }
}

interface Row {
  readonly check: string
  readonly outcome: Outcome
}

const readRows = (file: string): Map<number, Row> => {
  const rows = parse(wholeRows(readFileSync(file)), {
    relax_column_count: true,
    relax_quotes: true,
  })
  const [head, ...entries] = rows
  if (String(head) !== String(columns))
    throw new JournalError(`${file} is not a result file of this program`)
  const latest = new Map<number, Row>()
  for (const [number = "", check = "", outcome = ""] of entries) {
    if (isOutcome(outcome)) latest.set(Number(number), { check, outcome })
  }
  return latest
}

/** The complete rows. The last row is incomplete when the program was killed while it was writing. */
const wholeRows = (content: Buffer): Buffer => content.subarray(0, content.lastIndexOf("\n") + 1)

const isOutcome = (text: string): text is Outcome =>
  ["started", "accepted", "rejected", "unknown"].includes(text)
