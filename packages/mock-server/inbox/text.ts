/** Texts from outside, made fit to be read. */

/** A GUID by its ends: `7ba7…30c8`. */
export const shortId = (id: string): string =>
  id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id

// Embeddings, overrides and isolates. One that is not closed would reorder what comes after it, <bdi> or not.
const bidirectional = /[\u202a-\u202e\u2066-\u2069]/g

/** The beginning, for one line that is cut off anyway: the browser need not lay out the rest. */
export const cropped = (text: string, length: number): string => {
  const plain = text.slice(0, length).replaceAll(bidirectional, "")
  return text.length > length ? `${plain}…` : plain
}

// Controls, zero-width and bidirectional marks. Not the zero-width joiner: emoji are made with it.
const invisible =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Writes what cannot be seen as JSON would: `\u202e`. In raw text nothing may hide or reorder the rest. */
export const madeVisible = (text: string): string =>
  text.replaceAll(
    invisible,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )

/** `1 message`, `2,000 messages`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`
