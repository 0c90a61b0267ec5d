/** Exactly one thing wrong: what can be wrong with a body by its JSON Schema, and how to make it so. */
import * as Predicate from "effect/Predicate"

/** Breaks a valid body in one place. */
export interface Mutation {
  /** What is wrong, e.g. `templateId is missing`. */
  readonly name: string
  /** Undefined where it cannot be applied to this body. */
  readonly apply: (valid: JsonObject) => unknown
}

export type JsonObject = Readonly<Record<string, unknown>>

const isJsonObject = (value: unknown): value is JsonObject =>
  Predicate.isObject(value) && !Array.isArray(value)

/**
 * Everything that is wrong by a schema of an object, one thing at a time. Not each of them has to be: whether what comes
 * out is invalid is for a validator to say.
 */
export const mutationsOf = (schema: unknown): ReadonlyArray<Mutation> => {
  const properties = isJsonObject(schema) ? schema["properties"] : undefined
  const required = isJsonObject(schema) ? schema["required"] : undefined
  const names = Array.isArray(required) ? required.map(String) : []
  return [
    ...names.map((name): Mutation => ({
      name: `${name} is missing`,
      apply: (valid) => (name in valid ? without(valid, name) : undefined),
    })),
    ...Object.entries(isJsonObject(properties) ? properties : {}).flatMap(([name, property]) =>
      [
        otherTypes.map(([what, value]) => put(`${name} is ${what}`, name, value)),
        nearMisses(name, property),
        memberMutations(name, property),
      ].flat(),
    ),
    put("there is an unknown member", "effectSentUnknown", "x"),
    put("there is a member __proto__", "__proto__", "x"),
    ...otherTypes
      .filter(([, value]) => !isJsonObject(value))
      .map(([what, value]): Mutation => ({ name: `the body is ${what}`, apply: () => value })),
  ]
}

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

const withMember = (object: JsonObject, name: string, value: unknown): JsonObject =>
  Object.fromEntries([...Object.entries(without(object, name)), [name, value]])

const put = (name: string, key: string, value: unknown): Mutation => ({
  name,
  apply: (valid) => withMember(valid, key, value),
})

const otherTypes: ReadonlyArray<readonly [what: string, value: unknown]> = [
  ["null", null],
  ["a number", 1],
  ["a boolean", true],
  ["a text", "text"],
  ["a list", []],
  ["an object", {}],
]

/** What looks like the valid text and is not it. */
const edits: ReadonlyArray<readonly [what: string, edit: (text: string) => string]> = [
  ["empty", () => ""],
  ["blank", () => " "],
  ["with a space in front", (text) => ` ${text}`],
  ["with a line break at its end", (text) => `${text}\n`],
  ["without its first character", (text) => text.slice(1)],
  ["without its last character", (text) => text.slice(0, -1)],
  ["half of it", (text) => text.slice(0, Math.floor(text.length / 2))],
  ["twice in a row", (text) => text + text],
  ["with a letter in the middle", (text) => insert(text, "g")],
  ["with an apostrophe in the middle", (text) => insert(text, "'")],
  ["with a digit of another script", (text) => insert(text, "٣")],
  ["in full-width characters", (text) => text.replaceAll(/[0-9]/g, fullWidth)],
  ["in braces", (text) => `{${text}}`],
  ["as a URN", (text) => `urn:uuid:${text}`],
]

const insert = (text: string, piece: string): string => {
  const middle = Math.floor(text.length / 2)
  return text.slice(0, middle) + piece + text.slice(middle)
}

const fullWidth = (digit: string): string => String.fromCodePoint(0xff10 + Number(digit))

const nearMisses = (name: string, property: unknown): ReadonlyArray<Mutation> => {
  if (!isJsonObject(property) || property["type"] !== "string") return []
  const { enum: allowed, maxLength } = property
  const isConstrained = ["pattern", "format", "enum", "const"].some(
    (keyword) => keyword in property,
  )
  return [
    ...(isConstrained ? edits : []).map(([what, edit]) => onText(name, what, edit)),
    ...(Array.isArray(allowed) ? [put(`${name} is of no such value`, name, "effect-sent")] : []),
    ...(typeof maxLength === "number"
      ? [onText(name, "a character too long", (text) => text.padEnd(maxLength + 1, "a"))]
      : []),
  ]
}

const onText = (name: string, what: string, edit: (text: string) => string): Mutation => ({
  name: `${name} is ${what}`,
  apply: (valid) => {
    const text = valid[name]
    return Predicate.isString(text) ? withMember(valid, name, edit(text)) : undefined
  },
})

/** For an object of members that are all alike, such as a template's variables. */
const memberMutations = (name: string, property: unknown): ReadonlyArray<Mutation> =>
  isJsonObject(property) && isJsonObject(property["additionalProperties"])
    ? otherTypes.map(([what, value]) =>
        put(`a member of ${name} is ${what}`, name, { effectSent: value }),
      )
    : []
