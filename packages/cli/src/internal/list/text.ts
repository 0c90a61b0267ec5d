/** The text of a list as spreadsheets save it: UTF-8 or UTF-16, with or without a byte order mark. */

/** Reads the text of a file. Throws an `Error` that names the line which cannot be read. */
export const textOf = (bytes: Uint8Array): string => {
  const encoding = encodingOf(bytes)
  const text = decode(bytes, encoding)
  // A replacement character is what another program has made of what it could not read.
  if (text !== undefined && !text.includes(replacement)) return text
  const broken = new TextDecoder(encoding).decode(bytes)
  const line = broken.slice(0, broken.indexOf(replacement)).split("\n").length
  throw new Error(`line ${line} is not ${encoding.toUpperCase()}; save the list as "CSV UTF-8"`)
}

const replacement = "\uFFFD"

type Encoding = "utf-8" | "utf-16le" | "utf-16be"

const encodingOf = (bytes: Uint8Array): Encoding => {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return "utf-16le"
  if (first === 0xfe && second === 0xff) return "utf-16be"
  // In a list in UTF-16, the name of the first column has a zero beside each letter.
  if (first !== 0 && second === 0) return "utf-16le"
  return first === 0 && second !== 0 && second !== undefined ? "utf-16be" : "utf-8"
}

const decode = (bytes: Uint8Array, encoding: Encoding): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
