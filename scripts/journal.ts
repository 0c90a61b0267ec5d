/**
 * The result file of `pnpm send --csv`: what became of each line, written the moment it is known, so that neither a
 * crash nor Ctrl-C loses what a second SMS could cost. A line is first `started` and then what it became; a line that
 * stays `started` may have been sent.
 *
 * It holds no phone number and no template value.
 */
import { parse } from "csv-parse/sync"
import { stringify } from "csv-stringify/sync"
import { createHash } from "node:crypto"
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"

/** What became of a line. */
export type Outcome = "started" | "accepted" | "rejected" | "unknown"

/** A line of the input. */
export interface Line {
  /** From 1, as an editor counts. */
  readonly number: number
  /** The same for the same content; too short to lead back to it. */
  readonly check: string
}

/** What is written of a line. */
export interface Entry {
  readonly outcome: Outcome
  readonly reason?: string
  readonly message?: string
  readonly attempts?: number
}

/** What earlier runs have written. */
export interface Earlier {
  /**
   * The last word on a line. Throws a `JournalError` when the line may have been sent and was another one then; one
   * that was certainly not sent may have been mended since.
   */
  readonly outcome: (line: Line) => Outcome | undefined
  /**
   * Throws a `JournalError` when a line that may have been sent was not asked for: lines have moved since, and one of
   * them may stand where another was refused.
   */
  readonly assertComplete: () => void
}

/** A result file that is open. */
export interface Journal {
  readonly write: (line: Line, entry: Entry) => void
  readonly close: () => void
}

/** Something about the result file that its user has to know. */
export class JournalError extends Error {
  override readonly name = "JournalError"
}

const columns = ["line", "check", "outcome", "reason", "message", "attempts", "time"]

/** A check of a line's content: 32 bits, which tell that a line has changed and fit a great many phone numbers. */
export const checkOf = (fields: Readonly<Record<string, string>>): string =>
  createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 8)

/**
 * Reads a result file. Throws a `JournalError` when it is there and is not to be resumed, is not there and is, or is no
 * result file.
 */
export const readEarlier = (file: string, resume: boolean): Earlier => {
  const isThere = existsSync(file)
  if (isThere && !resume) {
    throw new JournalError(
      `${file} is there already: --resume goes on where it ends, --out chooses another`,
    )
  }
  if (!isThere && resume) throw new JournalError(`${file} is not there: nothing to resume`)
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
          `line ${number} is ${row.outcome} in ${file}, but was another line then: has the input changed?`,
        )
      }
      return row?.outcome
    },
    assertComplete: () => {
      const [number] = notAskedFor
      if (number === undefined) return
      throw new JournalError(
        `line ${number} is ${rows.get(number)?.outcome} in ${file}, but is not there any more: has the input changed?`,
      )
    },
  }
}

/** Opens a result file to append to. */
export const openJournal = (file: string): Journal => {
  const isNew = !existsSync(file)
  // A row would be lost if it were written behind half of another.
  if (!isNew) truncateSync(file, wholeRows(readFileSync(file)).length)
  const handle = openSync(file, "a")
  const append = (row: ReadonlyArray<string | number>): void => {
    // A cell that a spreadsheet would take for a formula is told not to be one.
    writeSync(handle, stringify([[...row]], { escape_formulas: true }))
  }
  if (isNew) append(columns)
  return {
    write: ({ check, number }, { attempts = "", message = "", outcome, reason = "" }) => {
      // One row is one line, so that half a row can be told.
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
    throw new JournalError(`${file} is no result file of this program`)
  const latest = new Map<number, Row>()
  for (const [number = "", check = "", outcome = ""] of entries) {
    if (isOutcome(outcome)) latest.set(Number(number), { check, outcome })
  }
  return latest
}

/** All but what was being written when the power went, which may be half a row. */
const wholeRows = (content: Buffer): Buffer => content.subarray(0, content.lastIndexOf("\n") + 1)

const isOutcome = (text: string): text is Outcome =>
  ["started", "accepted", "rejected", "unknown"].includes(text)
