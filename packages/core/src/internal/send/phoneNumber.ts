/** Says why a text that may look like a phone number is not one in E.164 format. Nothing is guessed. */

/** What is wrong with a number, without the number: which form it has, or which character at which place. */
export const problemOfNumber = (given: string): string | undefined => {
  if (given === "") return "it is empty"
  const form = forms.find(([pattern]) => pattern.test(given))
  if (form !== undefined) return form[1]
  const characters = Array.from(given)
  const index = characters.findIndex(
    (character, place) => !/[0-9]/.test(character) && !(place === 0 && character === "+"),
  )
  if (index >= 0) return `character ${index + 1} is ${nameOf(characters[index] ?? "")}`
  if (characters[0] !== "+") return "it has no + and country code in front"
  if (characters[1] === "0") return "no country code begins with 0"
  return `it has ${characters.length - 1} digits`
}

// A character that is not visible is named first: it also hides in these forms.
const forms: ReadonlyArray<readonly [pattern: RegExp, problem: string]> = [
  [/^tel:/i, 'it begins with "tel:"'],
  [/^[+\d\s().-]*\(0\)/, "it has (0), which is only dialled within a country"],
  [/^00[\d\s().-]*$/, "it begins with 00 instead of +"],
  [/^[+\d\s().-]*\d\s*(?:ext\.?|extension|x|#|;ext=)\s*\d+$/i, "it has an extension"],
]

const names: Readonly<Record<string, string>> = {
  "\t": "a tab",
  "\n": "a line break",
  "\r": "a carriage return",
  " ": "a space",
  "\u00a0": "a no-break space",
  "\u00ad": "a soft hyphen",
  "\u200b": "a zero-width space",
  "\u200e": "a left-to-right mark",
  "\u200f": "a right-to-left mark",
  "\u2010": "a hyphen",
  "\u2011": "a non-breaking hyphen",
  "\u2012": "a figure dash",
  "\u2013": "an en dash",
  "\u2014": "an em dash",
  "\u202a": "a left-to-right embedding",
  "\u202c": "a pop directional formatting",
  "\u202d": "a left-to-right override",
  "\u202f": "a narrow no-break space",
  "\u2060": "a word joiner",
  "\u2066": "a left-to-right isolate",
  "\u2069": "a pop directional isolate",
  "\u2212": "a minus sign",
  "\ufe62": "a small plus sign",
  "\ufeff": "a byte order mark",
  "\uff0b": "a full-width plus sign",
}

const nameOf = (character: string): string => {
  if (/[\x21-\x7e]/.test(character)) return JSON.stringify(character)
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
  const name = names[character]
  if (name !== undefined) return `${name} (${code})`
  if (/\p{Nd}/u.test(character)) return `a digit other than 0 to 9 (${code})`
  return /[\p{C}\p{Z}\p{M}]/u.test(character) ? `not visible (${code})` : `${character} (${code})`
}
