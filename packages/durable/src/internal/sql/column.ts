/** Values as columns. */
import type * as DateTime from "effect/DateTime"

/** The column of a text, different for each text. Postgres cannot store the character U+0000. */
export const toColumn = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0")

/** The text that {@link toColumn} was given. */
export const fromColumn = (column: string): string =>
  column.replaceAll(/\\(.)/g, (_, char) => (char === "0" ? "\0" : "\\"))

/** The column of a time: milliseconds since 1970. */
export const millisOf = ({ epochMilliseconds }: DateTime.Utc): number =>
  Math.round(epochMilliseconds)
