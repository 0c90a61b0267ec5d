/** Texts that are close to a valid one, whatever its pattern: as people paste them, and as formats are mistaken. */

export interface Edit {
  readonly what: string
  readonly text: string
}

/** Edits of a valid text. */
export const editsOf = (text: string): ReadonlyArray<Edit> =>
  edits.map(([what, edit]) => ({ what, text: edit(text) }))

const edits: ReadonlyArray<readonly [what: string, edit: (text: string) => string]> = [
  ["is empty", () => ""],
  ["is blank", () => " "],
  ["starts with a space", (text) => ` ${text}`],
  ["ends with a space", (text) => `${text} `],
  ["ends with a line break", (text) => `${text}\n`],
  ["starts with a line break", (text) => `\n${text}`],
  ["has a second line", (text) => `${text}\n${text}`],
  ["ends with NUL", (text) => `${text}\0`],
  ["lacks its first character", (text) => text.slice(1)],
  ["lacks its last character", (text) => text.slice(0, -1)],
  ["lacks its second half", (text) => text.slice(0, Math.floor(text.length / 2))],
  ["is repeated", (text) => text + text],
  ["has a letter in the middle", (text) => insert(text, "g")],
  ["has a space in the middle", (text) => insert(text, " ")],
  ["has a hyphen in the middle", (text) => insert(text, "-")],
  ["has an apostrophe in the middle", (text) => insert(text, "'")],
  ["has a zero-width space in the middle", (text) => insert(text, "\u200b")],
  ["has a digit of another script", (text) => insert(text, "٣")],
  ["has full-width digits", (text) => text.replaceAll(/[0-9]/g, fullWidth)],
  ["has no hyphens", (text) => text.replaceAll("-", "")],
  ["has spaces for hyphens", (text) => text.replaceAll("-", " ")],
  ["is in braces", (text) => `{${text}}`],
  ["is in parentheses", (text) => `(${text})`],
  ["is in quotes", (text) => `"${text}"`],
  ["is a URN", (text) => `urn:uuid:${text}`],
]

const insert = (text: string, piece: string): string => {
  const middle = Math.floor(text.length / 2)
  return text.slice(0, middle) + piece + text.slice(middle)
}

const fullWidth = (digit: string): string => String.fromCodePoint(0xff10 + Number(digit))

/** Texts that a lax check of a format accepts. Only a validator can tell which are invalid. */
export const mistakenFor = (format: string): ReadonlyArray<Edit> =>
  (mistakes[format] ?? []).map((text) => ({ what: `is ${JSON.stringify(text)}`, text }))

const times = ["T24:00:00Z", "T10:60:00Z", "T10:10:10", " 10:10:10", "T10:10Z", "T10:10:10+2500"]

const mistakes: Readonly<Record<string, ReadonlyArray<string>>> = {
  "date-time": ["2025-10-31", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "1761905442"].concat(
    times.map((time) => `2025-10-31${time}`),
  ),
  date: [
    "2025-1-1",
    "2025-02-30",
    "2025-13-01",
    "31.10.2025",
    "10/31/2025",
    "2025-10-31T00:00:00Z",
  ],
  time: ["24:00:00Z", "10:60:00Z", "10:10", "10:10:10"],
  duration: ["P", "1D", "PT", "P1S"],
  email: [
    "a",
    "a@",
    "@verify.invalid",
    "a b@verify.invalid",
    "a@@verify.invalid",
    "a@verify..invalid",
  ],
  hostname: ["-a.invalid", "a..invalid", "a_b.invalid", "a b.invalid", `${"a".repeat(64)}.invalid`],
  ipv4: ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4/8"],
  ipv6: [":", "1::2::3", "12345::", "1.2.3.4", "::1%eth0", "[::1]"],
  uri: [
    "verify.invalid",
    "//verify.invalid/a",
    "/a",
    "http:// verify.invalid",
    "http://verify.invalid/a b",
    "http://verify.invalid/%zz",
    "http://",
    "http:/verify.invalid",
    "https:verify.invalid",
    "http://user@verify.invalid/",
    "http://user:secret@verify.invalid/",
    "http://verify.invalid/#fragment",
    "http://verify.invalid:port/",
    "http://verify.invalid:123456/",
    "http://verify.invalid/é",
    "http://verify.invalid\\a",
    "ftp://verify.invalid/a",
    "ws://verify.invalid/a",
    "file:///a",
    "javascript:alert(1)",
    "mailto:a@verify.invalid",
    "http://verify.invalid/<a>",
    "http://verify.invalid/?a=<b>",
  ],
  "uri-reference": ["a b", "%zz", "\\a"],
  uuid: ["00000000-0000-0000-0000-00000000000g", "1"],
}
