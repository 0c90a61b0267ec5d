/**
 * Parameters of a path and of its operations are one list: a parameter that moves from one to the other changes nothing on the
 * wire. Redocly compares the two lists separately.
 */
import {
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  resolve,
  textOf,
} from "../document/json.ts"
import { methods } from "../document/methods.ts"

/** Both documents; where a path has other parameters of its own in the two, its operations have them instead. */
export const withoutMoves = (
  old: JsonObject,
  next: JsonObject,
): readonly [old: JsonObject, next: JsonObject] => {
  const paths = objectAt(next, "paths")
  const moved = Object.entries(objectAt(old, "paths")).flatMap(([path, item]) =>
    Object.hasOwn(paths, path) && namesOf(old, item) !== namesOf(next, paths[path]) ? [path] : [],
  )
  if (moved.length === 0) return [old, next]
  return [lowered(old, new Set(moved)), lowered(next, new Set(moved))]
}

const ownParameters = (document: JsonObject, item: Json | undefined): ReadonlyArray<Json> =>
  listAt(resolve(document, item), "parameters")

/** A parameter is known by its name and its place. */
const nameOf = (document: JsonObject, parameter: Json): string => {
  const value = resolve(document, parameter)
  return isObject(value) ? `${textOf(value["in"])} ${textOf(value["name"])}` : ""
}

const namesOf = (document: JsonObject, item: Json | undefined): string =>
  ownParameters(document, item)
    .map((parameter) => nameOf(document, parameter))
    .toSorted()
    .join("\n")

const lowered = (document: JsonObject, moved: ReadonlySet<string>): JsonObject => ({
  ...document,
  paths: Object.fromEntries(
    Object.entries(objectAt(document, "paths")).map(([path, item]) => [
      path,
      moved.has(path) ? loweredItem(document, item) : item,
    ]),
  ),
})

const loweredItem = (document: JsonObject, reference: Json): Json => {
  const item = resolve(document, reference)
  if (!isObject(item)) return reference
  const shared = ownParameters(document, item)
  return Object.fromEntries(
    Object.entries(item).flatMap(([key, value]): ReadonlyArray<readonly [string, Json]> => {
      if (key === "parameters") return []
      if (!methods.has(key) || !isObject(value)) return [[key, value]]
      const own = listAt(value, "parameters")
      const names = new Set(own.map((parameter) => nameOf(document, parameter)))
      // Behind its own, whose places in the file stay the same.
      const all = [...own, ...shared.filter((one) => !names.has(nameOf(document, one)))]
      return [[key, all.length === 0 ? value : { ...value, parameters: all }]]
    }),
  )
}
