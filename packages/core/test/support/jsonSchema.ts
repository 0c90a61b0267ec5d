/** Compares the JSON Schemas of core with the contract's, keyword by keyword. */
import { Predicate, Schema } from "effect"
import { isDeepStrictEqual } from "node:util"

type JsonSchema = Readonly<Record<string, unknown>>

/** The JSON Schema of one of core's; with `error` it refuses members that it does not know. */
export const jsonSchemaOf = (
  schema: Schema.Constraint,
  onExcessProperty: "error" | "ignore" = "ignore",
): unknown => {
  const document = Schema.toJsonSchemaDocument(schema, { onExcessProperty })
  if (Object.keys(document.definitions).length > 0) throw new Error("references are not followed")
  return document.schema
}

/** A schema that is `true`, or not there, demands nothing. */
const schemaOf = (value: unknown): JsonSchema =>
  Predicate.isObject(value) && !Array.isArray(value) ? { ...value } : {}

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** They say something to people, and nothing about a value. */
const annotations = /^(?:title|description|examples|deprecated|x-sent-[a-z-]+)$/

const keywordsOf = (schema: JsonSchema): ReadonlyArray<string> =>
  Object.keys(schema).filter((keyword) => !annotations.test(keyword))

/** As the engine writes it: a slash is escaped in a literal and in a YAML file it is not. */
const sourceOf = (pattern: unknown): string => new RegExp(String(pattern), "u").source

// -----------------------------------------------------------------------------
// The same
// -----------------------------------------------------------------------------

/** Where core's schema and the contract's differ in any keyword, or one has a keyword that the other has not. */
export const differences = (
  coreSchema: unknown,
  contractSchema: unknown,
  path = "#",
): ReadonlyArray<string> => {
  const [core, contract] = [schemaOf(coreSchema), schemaOf(contractSchema)]
  return [...new Set([...keywordsOf(core), ...keywordsOf(contract)])].flatMap((keyword) => {
    const where = `${path}/${keyword}`
    const [ours, theirs] = [core[keyword], contract[keyword]]
    if (theirs === undefined) return [`${where}: only core has it`]
    if (ours === undefined) {
      // Effect has no formats. The pattern beside one must say as much; the generated bodies show whether it does.
      const isSaidByPattern = keyword === "format" && "pattern" in contract
      return isSaidByPattern ? [] : [`${where}: only the contract has it`]
    }
    if (keyword === "properties") return propertyDifferences(ours, theirs, where)
    return isSame(keyword, ours, theirs)
      ? []
      : Predicate.isObject(ours) && Predicate.isObject(theirs)
        ? differences(ours, theirs, where)
        : [`${where}: ${JSON.stringify(ours)} in core, ${JSON.stringify(theirs)} in the contract`]
  })
}

const propertyDifferences = (
  core: unknown,
  contract: unknown,
  path: string,
): ReadonlyArray<string> => {
  const [ours, theirs] = [schemaOf(core), schemaOf(contract)]
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((name) => {
    if (!(name in theirs)) return [`${path}/${name}: only core has it`]
    if (!(name in ours)) return [`${path}/${name}: only the contract has it`]
    return differences(ours[name], theirs[name], `${path}/${name}`)
  })
}

const isSame = (keyword: string, ours: unknown, theirs: unknown): boolean => {
  switch (keyword) {
    case "pattern":
      return sourceOf(ours) === sourceOf(theirs)
    // Sets, in whatever order.
    case "required":
    case "enum":
      return isDeepStrictEqual(new Set(listOf(ours)), new Set(listOf(theirs)))
    default:
      return isDeepStrictEqual(ours, theirs)
  }
}

// -----------------------------------------------------------------------------
// No more than
// -----------------------------------------------------------------------------

/** What core demands of a value, and the contract does not promise. */
export const unmet = (
  coreSchema: unknown,
  contractSchema: unknown,
  path = "#",
): ReadonlyArray<string> => {
  const [core, contract] = [schemaOf(coreSchema), schemaOf(contractSchema)]
  // Whichever it is, it must do for core.
  const { anyOf, type, ...rest } = contract
  if (anyOf !== undefined) {
    return listOf(anyOf).flatMap((one) =>
      unmet(core, { ...contract, anyOf: undefined, ...schemaOf(one) }, path),
    )
  }
  if (Array.isArray(type)) return type.flatMap((one) => unmet(core, { ...rest, type: one }, path))
  if (core["anyOf"] !== undefined) {
    const each = listOf(core["anyOf"]).map((one) => unmet(one, contract, path))
    return each.some((demands) => demands.length === 0) ? [] : each.flat()
  }
  return keywordsOf(core).flatMap((keyword) => {
    const where = `${path}/${keyword}`
    const demanded = core[keyword]
    if (keyword === "properties") {
      const promised = schemaOf(contract["properties"])
      return Object.entries(schemaOf(demanded)).flatMap(([name, schema]) =>
        unmet(schema, promised[name], `${where}/${name}`),
      )
    }
    return isPromised(keyword, demanded, contract)
      ? []
      : [`${where}: ${JSON.stringify(demanded)} is not promised by the contract`]
  })
}

const isPromised = (keyword: string, demanded: unknown, contract: JsonSchema): boolean => {
  switch (keyword) {
    case "type":
      return contract["type"] === demanded
    case "enum": {
      const values = "const" in contract ? [contract["const"]] : listOf(contract["enum"])
      return values.length > 0 && values.every((value) => listOf(demanded).includes(value))
    }
    case "required":
      return listOf(demanded).every((name) => listOf(contract["required"]).includes(name))
    case "pattern":
      return "pattern" in contract && sourceOf(contract["pattern"]) === sourceOf(demanded)
    case "additionalProperties":
      return demanded === true
    // What is not known here is not taken on trust.
    default:
      return false
  }
}
