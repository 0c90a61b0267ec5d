/**
 * What one pattern takes and another does not. It is decided, not tried: both are walked through side by side, one
 * character after the other, by the derivatives of regular expressions (Brzozowski, 1964).
 */

export interface PatternDifference {
  /** The shortest text that only the old pattern takes; undefined when there is none. */
  readonly onlyOld: string | undefined
  /** The shortest text that only the new pattern takes; undefined when there is none. */
  readonly onlyNew: string | undefined
}

/** Undefined when it cannot be told: for lookarounds, references back, classes of Unicode and the like. */
export const comparePatterns = (old: string, next: string): PatternDifference | undefined => {
  const make = makeExpressions()
  const before = parsePattern(old, make)
  const after = parsePattern(next, make)
  return before === undefined || after === undefined ? undefined : compare(before, after, make)
}

// -----------------------------------------------------------------------------
// Expressions
// -----------------------------------------------------------------------------

/** From the first character to the last, both included. */
type Range = readonly [from: number, to: number]

type Shape =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Empty" }
  | { readonly _tag: "Chars"; readonly ranges: ReadonlyArray<Range> }
  | { readonly _tag: "InTurn"; readonly first: Expression; readonly rest: Expression }
  | { readonly _tag: "Either"; readonly of: ReadonlyArray<Expression> }
  | {
      readonly _tag: "Repeat"
      readonly of: Expression
      readonly min: number
      readonly max: number
    }

/** The same shape has the same id, so that what was seen is known again. */
type Expression = Shape & { readonly id: number; readonly takesEmpty: boolean }

type Expressions = ReturnType<typeof makeExpressions>

const lastChar = 0x10ffff
/** Before and after the text stand two characters that are in no text: `^` and `$` take them. */
const textStart = lastChar + 1
const textEnd = lastChar + 2
const anyChar: Range = [0, lastChar]

const makeExpressions = () => {
  const known = new Map<string, Expression>()
  const intern = (key: string, takesEmpty: boolean, shape: Shape): Expression => {
    const found = known.get(key)
    if (found !== undefined) return found
    const expression = { ...shape, id: known.size, takesEmpty }
    known.set(key, expression)
    return expression
  }

  const nothing = intern("nothing", false, { _tag: "Nothing" })
  const empty = intern("empty", true, { _tag: "Empty" })

  const chars = (...ranges: ReadonlyArray<Range>): Expression =>
    intern(`chars ${ranges.join(" ")}`, false, { _tag: "Chars", ranges })

  const inTurn = (first: Expression, rest: Expression): Expression => {
    if (first === nothing || rest === nothing) return nothing
    if (first === empty) return rest
    if (rest === empty) return first
    if (first._tag === "InTurn") return inTurn(first.first, inTurn(first.rest, rest))
    const takesEmpty = first.takesEmpty && rest.takesEmpty
    return intern(`in turn ${first.id} ${rest.id}`, takesEmpty, { _tag: "InTurn", first, rest })
  }

  const either = (...all: ReadonlyArray<Expression>): Expression => {
    const flat = all.flatMap((one) => (one._tag === "Either" ? one.of : [one]))
    const of = [...new Set(flat)]
      .filter((one) => one !== nothing)
      .toSorted((one, other) => one.id - other.id)
    const [first = nothing] = of
    if (of.length < 2) return first
    const takesEmpty = of.some((one) => one.takesEmpty)
    return intern(`either ${of.map(({ id }) => id).join(" ")}`, takesEmpty, { _tag: "Either", of })
  }

  const repeat = (of: Expression, least: number, max: number): Expression => {
    const min = of.takesEmpty ? 0 : least
    if (max === 0 || of === empty) return empty
    if (of === nothing) return min === 0 ? empty : nothing
    if (min === 1 && max === 1) return of
    const key = `repeat ${of.id} ${min} ${max}`
    return intern(key, min === 0, { _tag: "Repeat", of, min, max })
  }

  const derived = new Map<string, Expression>()
  /** What is left to take after the character. */
  const after = (expression: Expression, char: number): Expression => {
    const key = `${expression.id} ${char}`
    const found = derived.get(key)
    if (found !== undefined) return found
    const left = leave(expression, char)
    derived.set(key, left)
    return left
  }

  const leave = (expression: Expression, char: number): Expression => {
    switch (expression._tag) {
      case "Nothing":
      case "Empty":
        return nothing
      case "Chars":
        return expression.ranges.some(([from, to]) => from <= char && char <= to) ? empty : nothing
      case "InTurn": {
        const { first, rest } = expression
        const left = inTurn(after(first, char), rest)
        return first.takesEmpty ? either(left, after(rest, char)) : left
      }
      case "Either":
        return either(...expression.of.map((one) => after(one, char)))
      default: {
        const { max, min, of } = expression
        return inTurn(after(of, char), repeat(of, Math.max(min - 1, 0), max - 1))
      }
    }
  }

  /** Wherever one character stands for another in all expressions, one of them is here. */
  const representatives = (): ReadonlyArray<number> => {
    const ranges = [...known.values()].flatMap((one) => (one._tag === "Chars" ? one.ranges : []))
    const starts = new Set([0, ...ranges.flatMap(([from, to]) => [from, to + 1])])
    const sorted = [...starts].filter((char) => char <= lastChar).toSorted((a, b) => a - b)
    return sorted.map((char, index) => readable(char, sorted[index + 1] ?? lastChar + 1))
  }

  return { nothing, empty, chars, inTurn, either, repeat, after, representatives }
}

/** One from the first, and below the end, that a person can read. */
const readable = (from: number, end: number): number => {
  const visible = Math.max(from, "!".charCodeAt(0))
  return visible < end ? visible : from
}

// -----------------------------------------------------------------------------
// Side by side
// -----------------------------------------------------------------------------

/** Patterns that people write come nowhere near it. */
const mostPairs = 20_000

const compare = (
  old: Expression,
  next: Expression,
  { after, representatives }: Expressions,
): PatternDifference | undefined => {
  const chars = representatives()
  const pairs = [{ old: after(old, textStart), next: after(next, textStart), text: "" }]
  const seen = new Set<string>()
  let onlyOld: string | undefined
  let onlyNew: string | undefined
  for (const pair of pairs) {
    const key = `${pair.old.id} ${pair.next.id}`
    if (seen.has(key)) continue
    seen.add(key)
    if (seen.size > mostPairs) return undefined
    const inOld = after(pair.old, textEnd).takesEmpty
    const inNew = after(pair.next, textEnd).takesEmpty
    if (inOld && !inNew) onlyOld ??= pair.text
    if (inNew && !inOld) onlyNew ??= pair.text
    if (onlyOld !== undefined && onlyNew !== undefined) break
    // From the same on, nothing differs any more.
    if (pair.old === pair.next) continue
    for (const char of chars) {
      pairs.push({
        old: after(pair.old, char),
        next: after(pair.next, char),
        text: pair.text + String.fromCodePoint(char),
      })
    }
  }
  return { onlyOld, onlyNew }
}

// -----------------------------------------------------------------------------
// Reading a pattern
// -----------------------------------------------------------------------------

const lineEnds: ReadonlyArray<Range> = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]
const digits: ReadonlyArray<Range> = [[0x30, 0x39]]
const wordChars: ReadonlyArray<Range> = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const spaces: ReadonlyArray<Range> = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]

const allBut = (ranges: ReadonlyArray<Range>): ReadonlyArray<Range> => {
  const kept: Array<Range> = []
  let from = 0
  for (const [start, end] of ranges.toSorted(([one], [other]) => one - other)) {
    if (start > from) kept.push([from, start - 1])
    from = Math.max(from, end + 1)
  }
  return from > lastChar ? kept : [...kept, [from, lastChar]]
}

const classes: Readonly<Record<string, ReadonlyArray<Range>>> = {
  d: digits,
  D: allBut(digits),
  w: wordChars,
  W: allBut(wordChars),
  s: spaces,
  S: allBut(spaces),
}

const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, "0": 0 }

class Unsupported extends Error {}

/** As JSON Schema means it: the pattern may match anywhere in the text. Undefined for what cannot be told. */
const parsePattern = (pattern: string, make: Expressions): Expression | undefined => {
  try {
    // What is no pattern is nobody's business here: a rule of the linter says so.
    RegExp(pattern, "u")
    const inside = parse(Array.from(pattern), make)
    const anything = make.repeat(make.chars(anyChar), 0, Infinity)
    const { chars, either, empty, inTurn } = make
    const before = either(empty, inTurn(chars([textStart, textStart]), anything))
    const after = either(empty, inTurn(anything, chars([textEnd, textEnd])))
    return inTurn(before, inTurn(inside, after))
  } catch {
    return undefined
  }
}

const parse = (source: ReadonlyArray<string>, make: Expressions): Expression => {
  let position = 0
  const peek = (): string | undefined => source[position]
  const next = (): string => source[position++] ?? ""
  const skip = (text: string): boolean => {
    if (source.slice(position, position + text.length).join("") !== text) return false
    position += text.length
    return true
  }
  const until = (end: string): string => {
    const from = position
    position = source.indexOf(end, from) + 1
    return source.slice(from, position - 1).join("")
  }

  const alternatives = (): Expression => {
    const all = [sequence()]
    while (skip("|")) all.push(sequence())
    return make.either(...all)
  }

  const sequence = (): Expression => {
    const parts: Array<Expression> = []
    while (peek() !== undefined && peek() !== "|" && peek() !== ")") parts.push(quantified())
    return parts.reduceRight((rest, part) => make.inTurn(part, rest), make.empty)
  }

  const quantified = (): Expression => {
    const one = atom()
    const times = quantifier()
    // Lazy or greedy, it takes the same.
    if (times === undefined) return one
    skip("?")
    return make.repeat(one, ...times)
  }

  const quantifier = (): readonly [min: number, max: number] | undefined => {
    if (skip("*")) return [0, Infinity]
    if (skip("+")) return [1, Infinity]
    if (skip("?")) return [0, 1]
    if (!skip("{")) return undefined
    const [min = "", max] = until("}").split(",")
    return [Number(min), max === undefined ? Number(min) : max === "" ? Infinity : Number(max)]
  }

  const atom = (): Expression => {
    const char = next()
    switch (char) {
      case "^":
        return make.chars([textStart, textStart])
      case "$":
        return make.chars([textEnd, textEnd])
      case ".":
        return make.chars(...allBut(lineEnds))
      case "(":
        return group()
      case "[":
        return make.chars(...members())
      case "\\":
        return make.chars(...escaped())
      default:
        return make.chars(only(char))
    }
  }

  const group = (): Expression => {
    if (skip("?") && !skip(":")) {
      if (!skip("<") || peek() === "=" || peek() === "!") throw new Unsupported()
      until(">")
    }
    const inside = alternatives()
    skip(")")
    return inside
  }

  const members = (): ReadonlyArray<Range> => {
    const isNegated = skip("^")
    const ranges: Array<Range> = []
    while (!skip("]")) {
      const first = member()
      const isRange = peek() === "-" && source[position + 1] !== "]"
      if (!isRange) ranges.push(...first)
      else {
        next()
        const [[from] = [0]] = first
        const [[, to] = [0, 0]] = member()
        ranges.push([from, to])
      }
    }
    return isNegated ? allBut(ranges) : ranges
  }

  const member = (): ReadonlyArray<Range> => {
    const char = next()
    // In a class it is a backspace, and outside a place between two characters.
    if (char === "\\" && skip("b")) return [[8, 8]]
    return char === "\\" ? escaped() : [only(char)]
  }

  const escaped = (): ReadonlyArray<Range> => {
    const char = next()
    const found = classes[char]
    if (found !== undefined) return found
    const control = controls[char]
    if (control !== undefined) return [[control, control]]
    if (char === "x") return [byCode(next() + next())]
    if (char === "u") {
      return [byCode(skip("{") ? until("}") : next() + next() + next() + next())]
    }
    // All that is left of letters and digits is none of a single character.
    if (/[A-Za-z0-9]/.test(char)) throw new Unsupported()
    return [only(char)]
  }

  return alternatives()
}

const only = (char: string): Range => byCode((char.codePointAt(0) ?? 0).toString(16))

const byCode = (hex: string): Range => {
  const code = Number.parseInt(hex, 16)
  return [code, code]
}
