/** Visitors that several rules share, and the document as they read it. */
import type { Oas3Visitor, UserContext } from "@redocly/openapi-core"
import { isArray, isObject, type JsonObject } from "../document/json.ts"

type Location = UserContext["location"]

/** A value of a document, references followed, and its location. */
export interface Located {
  readonly value: unknown
  readonly location: Location
}

export interface Member extends Located {
  readonly name: string
}

export type Visit = (value: unknown, context: UserContext) => void

/** Visits every schema, and every reference to one for the keywords beside it. */
export const onSchemas = (visit: Visit): Oas3Visitor => ({
  Schema: visit,
  ref: (reference, context) => {
    if (context.type.name === "Schema") visit(reference, context)
  },
})

/** Visits the operations under `paths`, each after everything in it. Operations of callbacks and webhooks are left out. */
export const onOperations = (visit: Visit): Oas3Visitor => ({
  Paths: { PathItem: { Operation: { leave: visit } } },
})

/** Follows a reference. The value is undefined where it cannot be resolved. */
export const follow = ({ resolve }: UserContext, { location, value }: Located): Located => {
  if (!isObject(value) || typeof value["$ref"] !== "string") return { value, location }
  const found = resolve({ $ref: value["$ref"] }, location.source.absoluteRef)
  return { value: found.node, location: found.location ?? location }
}

/** The members of an object, and the items of a list by their index. */
const entriesOf = (value: unknown): JsonObject =>
  isArray(value) ? Object.fromEntries(value.entries()) : isObject(value) ? value : {}

/** The member of an object, or the item of a list. */
export const member = (
  context: UserContext,
  { location, value }: Located,
  ...[key, ...keys]: readonly [string, ...ReadonlyArray<string>]
): Located => {
  const held = entriesOf(value)
  const own = Object.hasOwn(held, key) ? held[key] : undefined
  const found = follow(context, { value: own, location: location.child([key]) })
  const [next, ...others] = keys
  return next === undefined ? found : member(context, found, next, ...others)
}

/** The members of an object, each by its name, or the items of a list. */
export const members = (context: UserContext, holder: Located): ReadonlyArray<Member> =>
  Object.keys(entriesOf(holder.value)).map((name) => {
    const { location, value } = member(context, holder, name)
    return { name, location, value }
  })

/** How examples and scenarios are named. */
export const isKebabCase = (name: string): boolean => /^[a-z]+(?:-[a-z]+)*$/.test(name)
