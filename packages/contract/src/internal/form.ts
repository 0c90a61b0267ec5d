/** Converts the fields of a form, which are texts, to the types that a schema declares for them. */
import * as Predicate from "effect/Predicate"

/**
 * An object with the fields of a form. A repeated field, and one whose property is an array, becomes an array; `a[b]` becomes the
 * member `b` of `a` when `a` is an object. A text that does not have the declared type is kept, so that the schema rejects it.
 */
export const fromForm = async (
  form: FormData,
  schema: unknown,
): Promise<Readonly<Record<string, unknown>>> => {
  const properties = propertiesOf(schema)
  // A map, because a field may be named `__proto__`.
  const fields = new Map<string, unknown>()
  for (const name of new Set(form.keys())) {
    // oxlint-disable-next-line no-await-in-loop -- files are in memory already
    const texts = await Promise.all(form.getAll(name).map(textOf))
    const [, outer = "", inner = ""] = /^([^[\]]+)\[([^[\]]+)\]$/.exec(name) ?? []
    const nested = properties.get(outer)
    if (typeOf(nested) === "object") {
      const known = fields.get(outer)
      fields.set(outer, {
        ...(Predicate.isObject(known) ? known : {}),
        [inner]: typed(texts, propertiesOf(nested).get(inner)),
      })
    } else {
      fields.set(name, typed(texts, properties.get(name)))
    }
  }
  return Object.fromEntries(fields)
}

const textOf = async (value: string | Blob): Promise<string> =>
  typeof value === "string" ? value : value.text()

const typed = (texts: ReadonlyArray<string>, schema: unknown): unknown => {
  const type = typeOf(schema)
  if (type === "array") {
    const items = Predicate.hasProperty(schema, "items") ? schema.items : undefined
    return texts.map((text) => typed([text], items))
  }
  const [text = "", ...others] = texts
  if (others.length > 0) return texts
  if ((type === "integer" || type === "number") && /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) {
    return Number(text)
  }
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true"
  if (type === "object") {
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
  return text
}

const typeOf = (schema: unknown): string | undefined => {
  const type = Predicate.hasProperty(schema, "type") ? schema.type : undefined
  const first = [type].flat().find((one) => one !== "null")
  return Predicate.isString(first) ? first : undefined
}

const propertiesOf = (schema: unknown): ReadonlyMap<string, unknown> => {
  const own = Predicate.hasProperty(schema, "properties") ? schema.properties : undefined
  const parts = Predicate.hasProperty(schema, "allOf") ? [schema.allOf].flat() : []
  const properties = new Map<string, unknown>(Object.entries(Predicate.isObject(own) ? own : {}))
  for (const part of parts) {
    for (const [name, property] of propertiesOf(part)) properties.set(name, property)
  }
  return properties
}
