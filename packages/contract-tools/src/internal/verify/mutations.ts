/** Mutations: the ways in which a body can violate its JSON Schema, one at a time. */
import * as Predicate from "effect/Predicate"

/** Makes one change to a valid body that may make it invalid. */
export interface Mutation {
  /** The error, e.g. `templateId is missing`. */
  readonly name: string
  /** Undefined when it does not apply to this body. */
  readonly apply: (valid: JsonObject) => unknown
}

export type JsonObject = Readonly<Record<string, unknown>>

const isJsonObject = (value: unknown): value is JsonObject =>
  Predicate.isObject(value) && !Array.isArray(value)

/** Every mutation for the schema of an object. The result of one may still be valid: only a validator can tell. */
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
    put("an unknown member is present", "effectSentUnknown", "x"),
    put("a member __proto__ is present", "__proto__", "x"),
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
  ["a string", "text"],
  ["an array", []],
  ["an object", {}],
]

/** Edits of a valid string, each close to it. */
const edits: ReadonlyArray<readonly [what: string, edit: (text: string) => string]> = [
  ["is empty", () => ""],
  ["is blank", () => " "],
  ["starts with a space", (text) => ` ${text}`],
  ["ends with a line break", (text) => `${text}\n`],
  ["lacks its first character", (text) => text.slice(1)],
  ["lacks its last character", (text) => text.slice(0, -1)],
  ["lacks its second half", (text) => text.slice(0, Math.floor(text.length / 2))],
  ["is repeated", (text) => text + text],
  ["has a letter in the middle", (text) => insert(text, "g")],
  ["has an apostrophe in the middle", (text) => insert(text, "'")],
  ["has a digit of another script", (text) => insert(text, "٣")],
  ["has full-width digits", (text) => text.replaceAll(/[0-9]/g, fullWidth)],
  ["is in braces", (text) => `{${text}}`],
  ["is a URN", (text) => `urn:uuid:${text}`],
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
    ...(Array.isArray(allowed)
      ? [put(`${name} is not an allowed value`, name, "effect-sent")]
      : []),
    ...(typeof maxLength === "number"
      ? [onText(name, "is one character too long", (text) => text.padEnd(maxLength + 1, "a"))]
      : []),
  ]
}

const onText = (name: string, what: string, edit: (text: string) => string): Mutation => ({
  name: `${name} ${what}`,
  apply: (valid) => {
    const text = valid[name]
    return Predicate.isString(text) ? withMember(valid, name, edit(text)) : undefined
  },
})

/** For an object whose members have one schema, such as a template's variables. */
const memberMutations = (name: string, property: unknown): ReadonlyArray<Mutation> =>
  isJsonObject(property) && isJsonObject(property["additionalProperties"])
    ? otherTypes.map(([what, value]) =>
        put(`a member of ${name} is ${what}`, name, { effectSent: value }),
      )
    : []
