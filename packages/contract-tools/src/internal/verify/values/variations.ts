/** Variations: bodies that differ from a valid one in one place, made from each keyword of a schema. */
import * as Predicate from "effect/Predicate"
import { spell } from "./pattern.ts"
import { isJsonObject, type JsonObject, listOf, typesOf } from "./sample.ts"
import { editsOf, mistakenFor } from "./text.ts"

/** Makes one change to a valid body. Whether the result is still valid, only a validator can tell. */
export interface Variation {
  /** What is different, e.g. `templateId is missing`. */
  readonly name: string
  /** The member and the keyword, e.g. `templateId pattern`. */
  readonly cause: string
  /** The member of the body that is changed. Undefined for the body as a whole. */
  readonly field: string | undefined
  /** Undefined when it does not apply to this body. */
  readonly apply: (valid: unknown) => unknown
  /** Whether a valid result must be accepted. Not for a text that some validators take for valid. */
  readonly mayBeValid: boolean
  /** Whether it is at, or just beyond, a bound that the schema sets. */
  readonly isBound: boolean
}

type Place = ReadonlyArray<string | number>

/** Deeper members are left to generated bodies. A recursive schema has no end. */
const maxDepth = 5

/** How many members of one body are changed. Schemas that refer to each other in many branches have millions. */
const maxMembers = 200

export const variationsOf = (schema: unknown, sample: unknown): ReadonlyArray<Variation> => {
  const names = new Set<string>()
  // Branches of a schema may ask for the same change.
  return walk(schema, { place: [], sample, budget: { left: maxMembers } }).filter(({ name }) => {
    const isNew = !names.has(name)
    names.add(name)
    return isNew
  })
}

interface Here {
  readonly place: Place
  /** The whole valid body. */
  readonly sample: unknown
  /** How many members may still be changed. */
  readonly budget: { left: number }
}

/** `nesting` counts the branches of one place. */
const walk = (schema: unknown, here: Here, nesting = 0): ReadonlyArray<Variation> => {
  if (!isJsonObject(schema) || here.place.length > maxDepth || nesting > maxDepth) return []
  if (here.budget.left-- <= 0) return []
  const types = typesOf(schema)
  return [
    ...(types.length === 0 ? [] : otherTypes(types, here)),
    ...(types.includes("object") ? ofObject(schema, here) : []),
    ...(types.includes("array") ? ofArray(schema, here) : []),
    ...(types.includes("string") ? ofString(schema, here) : []),
    ...(types.includes("number") || types.includes("integer") ? ofNumber(schema, here) : []),
    ...ofValues(schema, here),
    ...["allOf", "anyOf", "oneOf"].flatMap((keyword) =>
      listOf(schema[keyword]).flatMap((branch) => walk(branch, here, nesting + 1)),
    ),
  ]
}

// -----------------------------------------------------------------------------
// Changes
// -----------------------------------------------------------------------------

const labelOf = ({ place }: Here): string => (place.length === 0 ? "the body" : place.join("."))

interface How {
  readonly keyword: string
  readonly mayBeValid?: boolean
  readonly isBound?: boolean
}

const change = (
  here: Here,
  what: string,
  { isBound = false, keyword, mayBeValid = false }: How,
  edit: (value: unknown) => unknown,
): Variation => ({
  name: `${labelOf(here)} ${what}`,
  cause: `${labelOf(here)} ${keyword}`,
  field: here.place[0] === undefined ? undefined : String(here.place[0]),
  isBound,
  mayBeValid,
  apply: (valid) => changeAt(valid, here.place, edit),
})

/** The value with one of its members changed. An edit that returns undefined does not apply. */
const changeAt = (
  value: unknown,
  [first, ...rest]: Place,
  edit: (value: unknown) => unknown,
): unknown => {
  if (first === undefined) return edit(value)
  if (Predicate.isNumber(first)) {
    if (!Array.isArray(value) || first >= value.length) return undefined
    const changed = changeAt(value[first], rest, edit)
    return changed === undefined ? undefined : value.with(first, changed)
  }
  if (!isJsonObject(value)) return undefined
  const changed = changeAt(value[first], rest, edit)
  return changed === undefined ? undefined : withMember(value, first, changed)
}

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

const withMember = (object: JsonObject, name: string, value: unknown): JsonObject =>
  Object.hasOwn(object, name)
    ? Object.fromEntries(
        Object.entries(object).map(([key, own]) => [key, key === name ? value : own]),
      )
    : Object.fromEntries([...Object.entries(object), [name, value]])

const put = (here: Here, what: string, how: How, value: unknown): Variation =>
  change(here, what, how, () => value)

const examplesOfTypes: ReadonlyArray<readonly [type: string, what: string, value: unknown]> = [
  ["null", "null", null],
  ["number", "a number", 1],
  ["boolean", "a boolean", true],
  ["string", "a string", "text"],
  ["array", "an array", []],
  ["object", "an object", {}],
]

const otherTypes = (types: ReadonlyArray<string>, here: Here): ReadonlyArray<Variation> =>
  examplesOfTypes
    .filter(([type]) => !types.includes(type) && !(type === "number" && types.includes("integer")))
    .map(([, what, value]) => put(here, `is ${what}`, { keyword: "type" }, value))

// -----------------------------------------------------------------------------
// Keywords
// -----------------------------------------------------------------------------

const ofObject = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const required = listOf(schema["required"]).map(String)
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {}
  const below = (name: string): Here => ({ ...here, place: [...here.place, name] })
  const drop = (name: string, what: string, how: How): Variation => ({
    ...change(here, "", how, (value) =>
      isJsonObject(value) && Object.hasOwn(value, name) ? without(value, name) : undefined,
    ),
    name: `${labelOf(below(name))} ${what}`,
    cause: `${labelOf(below(name))} ${how.keyword}`,
    field: String(below(name).place[0]),
  })
  return [
    ...required.map((name) => drop(name, "is missing", { keyword: "required" })),
    ...Object.keys(properties)
      .filter((name) => !required.includes(name))
      .map((name) => drop(name, "is absent", { keyword: "required", mayBeValid: true })),
    ...Object.entries(properties).flatMap(([name, property]) => walk(property, below(name))),
    ...unknownMembers(schema, here, Object.keys(properties)),
    ...sizes(schema, here),
  ]
}

const withSome = (object: unknown): unknown =>
  isJsonObject(object) ? withMember(object, "effectSent", "x") : undefined

const unknownMembers = (
  schema: JsonObject,
  here: Here,
  known: ReadonlyArray<string>,
): ReadonlyArray<Variation> => {
  const { additionalProperties } = schema
  const keyword = "additionalProperties"
  const add = (name: string, value: unknown, how: How, what: string): Variation =>
    change(here, what, how, (object) =>
      isJsonObject(object) ? withMember(object, name, value) : undefined,
    )
  if (additionalProperties === false) {
    const [first] = known
    return [
      add("effectSentUnknown", "x", { keyword }, "has an unknown member"),
      add("__proto__", "x", { keyword }, "has a member __proto__"),
      add("", "x", { keyword }, "has a member without a name"),
      ...(first === undefined
        ? []
        : [add(first.toUpperCase(), "x", { keyword }, `has a member ${first.toUpperCase()}`)]),
    ]
  }
  if (!isJsonObject(additionalProperties)) return []
  const place = [...here.place, "effectSent"]
  const inMember = walk(additionalProperties, { ...here, place })
  const isText = typesOf(additionalProperties).includes("string")
  const how = { keyword, mayBeValid: true }
  return [
    ...inMember.map((one) =>
      Object.assign({}, one, {
        apply: (valid: unknown) => one.apply(changeAt(valid, here.place, withSome)),
      }),
    ),
    put(here, "is empty", how, {}),
    ...(isText
      ? [
          add("__proto__", "x", how, "has a member __proto__"),
          add("effectSent", "", how, "has an empty text"),
          add("effectSent", 'é٣💬\n\t"\\', how, "has characters of all sorts"),
          add("effectSent", "a".repeat(5000), how, "has a text of 5000 characters"),
          add("order id.ß", "x", how, "has a member with an unusual name"),
        ]
      : []),
  ]
}

const sizes = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const { maxProperties, minProperties } = schema
  const how = { keyword: "size", isBound: true, mayBeValid: true }
  const resize = (size: number): Variation =>
    change(here, `has ${size} members`, how, (value) =>
      isJsonObject(value) && size >= 0
        ? Object.fromEntries(
            Array.from(
              { length: size },
              (_, index) => Object.entries(value)[index] ?? [`effectSent${index}`, "x"],
            ),
          )
        : undefined,
    )
  return around(minProperties, maxProperties).map(resize)
}

const ofArray = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const how = { keyword: "size", isBound: true, mayBeValid: true }
  const resize = (size: number): Variation =>
    change(here, `has ${size} items`, how, (value) =>
      Array.isArray(value) && value.length > 0
        ? Array.from({ length: size }, (_, index) => distinct(value[index % value.length], index))
        : undefined,
    )
  return [
    ...around(schema["minItems"], schema["maxItems"]).map(resize),
    ...(schema["uniqueItems"] === true
      ? [
          change(here, "has the same item twice", { keyword: "uniqueItems" }, (value) =>
            Array.isArray(value) && value.length > 0 ? [...value, value[0] as unknown] : undefined,
          ),
        ]
      : []),
    ...walk(schema["items"], { ...here, place: [...here.place, 0] }),
  ]
}

/** Another item for each place, as far as it can be one: they may have to differ. */
const distinct = (item: unknown, index: number): unknown => {
  if (index === 0) return item
  if (Predicate.isString(item)) return `${item}${index}`
  return Predicate.isNumber(item) ? item + index : item
}

/** The bounds, and one beyond each. */
const around = (min: unknown, max: unknown): ReadonlyArray<number> => [
  ...(Predicate.isNumber(min) ? [min - 1, min].filter((size) => size >= 0) : []),
  ...(Predicate.isNumber(max) ? [max, max + 1] : []),
]

const ofString = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const { format, maxLength, minLength, pattern } = schema
  const spelled = Predicate.isString(pattern) ? spell(pattern) : undefined
  const isConstrained = ["pattern", "format", "enum", "const"].some((keyword) => keyword in schema)
  const onText = (what: string, how: How, edit: (text: string) => string): Variation =>
    change(here, what, how, (value) => (Predicate.isString(value) ? edit(value) : undefined))
  const keyword = pattern === undefined ? "format" : "pattern"
  return [
    ...(spelled?.variants ?? []).map(({ isBound, text, what }) =>
      put(here, what, { keyword, isBound, mayBeValid: true }, text),
    ),
    ...(isConstrained
      ? editsOf("").map(({ what }, index) =>
          onText(what, { keyword }, (text) => editsOf(text)[index]?.text ?? text),
        )
      : []),
    ...(Predicate.isString(format) ? mistakenFor(format) : []).map(({ text, what }) =>
      put(here, what, { keyword: "format" }, text),
    ),
    ...around(minLength, maxLength).map((length) =>
      onText(
        `has ${length} characters`,
        { keyword: "length", isBound: true, mayBeValid: true },
        // Of characters, not of code units: JSON Schema counts those.
        (text) => Array.from(text.padEnd(length, "a")).slice(0, length).join(""),
      ),
    ),
  ]
}

const ofNumber = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const { exclusiveMaximum, exclusiveMinimum, maximum, minimum, multipleOf } = schema
  const bound = { keyword: "range", isBound: true, mayBeValid: true }
  const step = Predicate.isNumber(multipleOf) ? multipleOf : 1
  const numbers = [minimum, exclusiveMinimum]
    .filter(Predicate.isNumber)
    .flatMap((number) => [number - step, number, number + step])
    .concat(
      [maximum, exclusiveMaximum]
        .filter(Predicate.isNumber)
        .flatMap((number) => [number - step, number, number + step]),
    )
  return [
    ...numbers.map((number) => put(here, `is ${number}`, bound, number)),
    put(here, "is a number in quotes", { keyword: "type" }, "1"),
    ...(typesOf(schema).includes("integer")
      ? [put(here, "has a fraction", { keyword: "type" }, Number(minimum ?? 1) + 0.5)]
      : []),
    ...(Predicate.isNumber(multipleOf)
      ? [
          put(
            here,
            "is not a multiple",
            { keyword: "multipleOf" },
            Number(minimum ?? 0) + multipleOf / 2,
          ),
        ]
      : []),
  ]
}

const ofValues = (schema: JsonObject, here: Here): ReadonlyArray<Variation> => {
  const allowed = listOf(schema["enum"])
  if (allowed.length === 0) return []
  const keyword = "enum"
  return [
    ...allowed.map((value) =>
      put(here, `is ${JSON.stringify(value)}`, { keyword, mayBeValid: true }, value),
    ),
    put(here, "is not an allowed value", { keyword }, "effect-sent"),
    ...allowed
      .filter(Predicate.isString)
      .flatMap((value) =>
        [value.toUpperCase(), value.toLowerCase()]
          .filter((other) => !allowed.includes(other))
          .map((other) => put(here, `is ${JSON.stringify(other)}`, { keyword }, other)),
      ),
  ]
}
