/** Formats texts from requests for display. */

/** Abbreviates a GUID to its ends: `7ba7…30c8`. */
export const shortId = (id: string): string =>
  id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id

// Embeddings, overrides and isolates. An unclosed one would reorder the text after it, even inside <bdi>.
const bidirectional = /[\u202a-\u202e\u2066-\u2069]/g

/** Crops a text for a line that is cut off anyway, so that the browser does not have to lay out the rest. */
export const cropped = (text: string, length: number): string => {
  const plain = text.slice(0, length).replaceAll(bidirectional, "")
  return text.length > length ? `${plain}…` : plain
}

// Control characters, zero-width characters and bidirectional marks. Not the zero-width joiner, which emoji contain.
const invisible =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Escapes invisible characters as JSON does, e.g. `\u202e`, so that no character hides or reorders raw text. */
export const madeVisible = (text: string): string =>
  text.replaceAll(
    invisible,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )

/** `1 message`, `2,000 messages`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`
