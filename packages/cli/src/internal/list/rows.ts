/** The rows of a list: which character separates its cells, what its columns are called, and what is in them. */
import { CsvError, type Info, type Options, parse } from "csv-parse/sync"

/** A row. */
export interface Row {
  /** Its line in the file, from 1; of a row with line breaks, the last one. */
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

/** A list as a table. */
export interface Table {
  readonly columns: ReadonlyArray<string>
  /** All rows that have anything in them. */
  readonly rows: ReadonlyArray<Row>
}

/** What may separate the cells. */
const delimiters: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
  ["|", "vertical bars"],
])

/**
 * Reads the table of a text. Throws an `Error` that says what is wrong, and in which line. `delimiter` is undefined if it is to be
 * found: by the line `sep=;` that Excel writes, or by the header.
 */
export const readTable = (text: string, delimiter: string | undefined): Table => {
  const [, separator] = /^sep=(.)\r?\n/u.exec(text) ?? []
  // It stays as an empty line, so that the lines keep their numbers.
  const csv = separator === undefined ? text : text.replace(/^[^\r\n]*/u, "")
  const chosen = delimiter ?? separator ?? delimiterOf(csv)
  const [header, ...rows] = parseRows(csv, { delimiter: chosen })
  if (header === undefined) throw new Error("the list is empty")
  const columns = header.cells.map((name) => name.trim())
  checkColumns(columns, chosen)
  const isUsed = rows.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""))
  for (const row of isUsed) checkRow(row, columns)
  return { columns, rows: isUsed }
}

const parseRows = (csv: string, options: Options): ReadonlyArray<Row> => {
  try {
    const lines: Array<number> = []
    const records = parse(csv, {
      ...options,
      // Programs that join lists mix them.
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (record: Array<string>, info: Pick<Info, "lines">) => {
        lines.push(info.lines)
        return record
      },
    })
    return records.map((cells, index) => ({ line: lines[index] ?? 0, cells }))
  } catch (error) {
    throw error instanceof CsvError ? new Error(problemOf(error)) : error
  }
}

const problemOf = (error: CsvError): string => {
  const line = "lines" in error ? Number(error["lines"]) : 0
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return `the quote that opens in line ${line} is not closed`
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
      return `line ${line} has a quote in the middle of a cell; write the cell in quotes, and each quote in it twice`
    default:
      return `line ${line} is not CSV: ${error.message}`
  }
}

/** The delimiter under which the header has the column `to`; otherwise, the one that makes the most columns. */
const delimiterOf = (csv: string): string => {
  const headers = [...delimiters.keys()].map((delimiter) => {
    const cells = headerOf(csv, delimiter)
    return { delimiter, count: cells.length, hasTo: cells.includes("to") }
  })
  const [best] = headers.toSorted(
    (one, other) => Number(other.hasTo) - Number(one.hasTo) || other.count - one.count,
  )
  return best?.delimiter ?? ","
}

const headerOf = (csv: string, delimiter: string): ReadonlyArray<string> => {
  // A quote that breaks the header under one delimiter is none under another one.
  const [header] = parseRows(csv, { delimiter, to: 1, relax_quotes: true })
  return header?.cells.map((name) => name.trim()) ?? []
}

const checkColumns = (columns: ReadonlyArray<string>, delimiter: string): void => {
  const repeated = columns.find((name, index) => name !== "" && columns.indexOf(name) !== index)
  if (repeated !== undefined) {
    throw new Error(`two columns are called ${JSON.stringify(repeated)}; remove or rename one`)
  }
  if (columns.includes("to")) return
  const similar = columns.find((name) => name.toLowerCase() === "to")
  const named = columns.filter((name) => name !== "").map((name) => JSON.stringify(name))
  const known = `it has ${named.slice(0, 10).join(", ")}, separated by ${delimiters.get(delimiter) ?? JSON.stringify(delimiter)}`
  throw new Error(
    similar === undefined
      ? `the column "to" with the phone numbers is missing: ${known}; rename it, or pass --delimiter`
      : `the column "to" is missing: write ${JSON.stringify(similar)} as "to"`,
  )
}

const checkRow = ({ cells, line }: Row, columns: ReadonlyArray<string>): void => {
  const nameless = cells.findIndex(
    (cell, index) => cell.trim() !== "" && (columns[index] ?? "") === "",
  )
  if (nameless < 0) return
  throw new Error(
    nameless < columns.length
      ? `column ${nameless + 1} has no name, but a value in line ${line}`
      : `line ${line} has ${cells.length} cells, and the header ${columns.length}; a cell with the delimiter in it needs quotes`,
  )
}
