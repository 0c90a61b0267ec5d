/** Spells a regular expression: a text that matches it, and texts that differ from that one in exactly one place. */
import { type AST, RegExpParser } from "@eslint-community/regexpp"

export interface Spelled {
  /** A text that matches. */
  readonly base: string
  /** Texts close to it. Whether one matches, only the whole schema can tell. */
  readonly variants: ReadonlyArray<Variant>
}

export interface Variant {
  /** What is different, e.g. `has 5 of [0-9]{6,14}`. */
  readonly what: string
  readonly text: string
  /** Whether it is at, or just beyond, a bound of a repetition. */
  readonly isBound: boolean
}

/** Undefined for a pattern with lookarounds or backreferences: texts for those are beyond this module. */
export const spell = (pattern: string): Spelled | undefined => {
  try {
    const { alternatives } = new RegExpParser().parsePattern(pattern, 0, pattern.length, true)
    const spelled = alternation(alternatives)
    return new RegExp(pattern, "u").test(spelled.base)
      ? { base: spelled.base, variants: numbered(spelled.variants) }
      : undefined
  } catch {
    return undefined
  }
}

/** Each text once. What happens at several places is numbered. */
const numbered = (variants: ReadonlyArray<Variant>): ReadonlyArray<Variant> => {
  const counts = new Map<string, number>()
  const texts = new Set<string>()
  return variants.flatMap((one) => {
    if (texts.has(one.text)) return []
    texts.add(one.text)
    const count = (counts.get(one.what) ?? 0) + 1
    counts.set(one.what, count)
    return [count === 1 ? one : { ...one, what: `${one.what} (${count})` }]
  })
}

const nothing: Spelled = { base: "", variants: [] }

const alternation = ([first, ...others]: ReadonlyArray<AST.Alternative>): Spelled => {
  if (first === undefined) return nothing
  const chosen = sequence(first.elements)
  return {
    base: chosen.base,
    variants: [
      ...chosen.variants,
      ...others.flatMap((other) => {
        const { base, variants } = sequence(other.elements)
        return [variant(`is of the form ${short(other.raw)}`, base), ...variants]
      }),
    ],
  }
}

const sequence = (elements: ReadonlyArray<AST.Element>): Spelled => {
  const parts = elements.map(element)
  const bases = parts.map(({ base }) => base)
  return {
    base: bases.join(""),
    variants: parts.flatMap(({ variants }, index) => {
      const before = bases.slice(0, index).join("")
      const after = bases.slice(index + 1).join("")
      return variants.map(({ isBound, text, what }) =>
        variant(what, before + text + after, isBound),
      )
    }),
  }
}

const element = (node: AST.Element): Spelled => {
  switch (node.type) {
    case "Character":
      return literal(String.fromCodePoint(node.value))
    case "CharacterClass":
    case "CharacterSet":
      return oneOf(node)
    case "Group":
    case "CapturingGroup":
      return alternation(node.alternatives)
    case "Quantifier":
      return repeated(node)
    case "Assertion":
      // The ends of the text. Others are tried: the whole pattern decides.
      return nothing
    default:
      throw new Error(`${node.type} is not supported`)
  }
}

const variant = (what: string, text: string, isBound = false): Variant => ({ what, text, isBound })

const literal = (character: string): Spelled => ({
  base: character,
  variants: [
    variant(`lacks a ${shown(character)}`, ""),
    variant(`has ${shown(character)} twice`, character + character),
    ...otherwise(character).map((other) =>
      variant(`has ${shown(other)} for ${shown(character)}`, other),
    ),
  ],
})

const otherwise = (character: string): ReadonlyArray<string> =>
  /[a-z]/i.test(character) ? [swapCase(character)] : [" ", character === "-" ? "_" : "-"]

const swapCase = (character: string): string =>
  character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()

// -----------------------------------------------------------------------------
// Character classes
// -----------------------------------------------------------------------------

/** What a base is made of, if the class has it. */
const usual = Array.from("1a0AbcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ23456789-_./ ")
/** Characters that a wrong class lets in: a space, a digit of another script, a letter beyond ASCII. */
const strange = [" ", "٣", "é"]
/** Enough to meet each wrong class that is likely, few enough for a pattern of many classes. */
const maxOutsiders = 7

const oneOf = (node: AST.CharacterClass | AST.CharacterSet): Spelled => {
  const test = new RegExp(`^(?:${node.raw})$`, "u")
  const isIn = (character: string): boolean => test.test(character)
  const ranges = rangesOf(node)
  const ends = ranges
    .flatMap(({ max, min }) => [min, max])
    .map((code) => String.fromCodePoint(code))
  const base = [...usual, ...ends].find(isIn)
  if (base === undefined) throw new Error(`nothing is in ${node.raw}`)
  const beyond = ranges
    .flatMap(({ max, min }) => [min - 1, max + 1])
    .filter((code) => code > 0x20 && code < 0x7f)
    .map((code) => String.fromCodePoint(code))
  const outsiders = [...new Set([...beyond, ...strange])].filter((one) => !isIn(one))
  const insiders = [...new Set(ends)].filter((one) => isIn(one) && one !== base)
  return {
    base,
    variants: [
      ...outsiders
        .slice(0, maxOutsiders)
        .map((one) => variant(`has ${shown(one)}, which is not in ${short(node.raw)}`, one)),
      ...insiders.map((one) => variant(`has ${shown(one)} of ${short(node.raw)}`, one)),
    ],
  }
}

const rangesOf = (
  node: AST.CharacterClass | AST.CharacterSet,
): ReadonlyArray<{ readonly min: number; readonly max: number }> => {
  if (node.type === "CharacterSet") return node.kind === "digit" ? [{ min: 0x30, max: 0x39 }] : []
  return node.elements.flatMap((one) => {
    if (one.type === "CharacterClassRange") return [{ min: one.min.value, max: one.max.value }]
    if (one.type === "Character") return [{ min: one.value, max: one.value }]
    return one.type === "CharacterSet" ? rangesOf(one) : []
  })
}

// -----------------------------------------------------------------------------
// Repetitions
// -----------------------------------------------------------------------------

const repeated = ({ element: node, max, min, raw }: AST.Quantifier): Spelled => {
  const { base, variants } = element(node)
  const isFinite = Number.isFinite(max)
  // Near the upper bound, so that a text stays long when it lacks one.
  const count = isFinite ? Math.max(min, Math.min(max, max - 2), Math.min(max, 1)) : min + 2
  const times = (number: number): Variant =>
    variant(`has ${number} of ${short(raw)}`, base.repeat(number), true)
  const counts = [min - 1, min, ...(isFinite ? [max, max + 1] : [])]
  const here = count === 0 ? variants.filter(({ isBound }) => !isBound) : variants
  // A check of the first, or of the ends alone, shows at the last.
  const last = count > 1 ? variants.slice(0, 1) : []
  return {
    base: base.repeat(count),
    variants: [
      ...[...new Set(counts)].filter((number) => number >= 0 && number !== count).map(times),
      ...here.map(({ isBound, text, what }) =>
        variant(what, text + base.repeat(Math.max(count - 1, 0)), isBound),
      ),
      ...last.map(({ isBound, text, what }) =>
        variant(`${what}, at the end`, base.repeat(count - 1) + text, isBound),
      ),
    ],
  }
}

const shown = (character: string): string =>
  /^[!-~]$/.test(character)
    ? `"${character}"`
    : `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

const maxShown = 32

const short = (raw: string): string => (raw.length > maxShown ? `${raw.slice(0, maxShown)}…` : raw)
