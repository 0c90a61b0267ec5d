/**
 * What a change of a callback means for the one who receives it. Redocly rates callbacks as if nobody did: there the
 * service is the one who sends, so that a promise taken back breaks, and one more does not.
 */
import type { Impact } from "../../../ContractDiff.ts"
import { keysOf } from "../lint/json.ts"
import type { RedoclyChange } from "./redocly.ts"

export interface Verdict {
  readonly impact: Impact
  readonly message: string
}

export const isInUpdate = ({ path }: Pick<RedoclyChange, "path">): boolean =>
  path.includes("/callbacks/")

/** Members that say nothing of a value. */
const annotations = new Set([
  "description",
  "summary",
  "title",
  "example",
  "examples",
  "deprecated",
  "default",
  "$comment",
  "externalDocs",
  "tags",
  "operationId",
])

export const verdictOfUpdate = (change: RedoclyChange): Verdict => {
  const { kind, path, property, typeName } = change
  const name = nameIn(path)
  // The receiver's answers go the other way.
  if (path.includes("/responses")) {
    return kind === "removed"
      ? breaking(`the receiver's answer ${name} is no longer understood`)
      : addition(`the receiver may answer otherwise at ${name}`)
  }
  if (kind === "removed") return removed(typeName, path, name)
  if (kind === "added") return addition(`updates have ${article(typeName)} ${name} more`)
  if (property === undefined || annotations.has(property))
    return harmless(`${name} is described otherwise`)
  const [before, after] = [change.base?.value, change.revision?.value]
  if (typeName !== "Schema") return ofMember(name, property, before, after)
  return ofSchema(name, property, before, after)
}

const breaking = (message: string): Verdict => ({ impact: "breaking", message })
const addition = (message: string): Verdict => ({ impact: "addition", message })
const harmless = (message: string): Verdict => ({ impact: "harmless", message })

/** The last name on the way: what stands in a list has none of its own. */
const nameIn = (path: string): string => {
  const keys = keysOf(path.replace(/(?:\/(?:anyOf|oneOf|allOf)\/\d+)+$/, ""))
  const last = keys.at(-1) ?? ""
  return /^\d+$/.test(last) ? `${keys.at(-2) ?? ""} ${last}` : last
}

const article = (typeName: string): string => typeName.toLowerCase()

const removed = (typeName: string, path: string, name: string): Verdict =>
  /\/(?:anyOf|oneOf)\/\d+$/.test(path)
    ? harmless("updates have one form less")
    : breaking(`updates no longer have the ${article(typeName)} ${name}`)

/** Of a parameter, a body, an operation. */
const ofMember = (name: string, member: string, before: unknown, after: unknown): Verdict => {
  if (member === "required") {
    return before === true
      ? breaking(`${name} may be missing in an update`)
      : harmless(`${name} is always in an update`)
  }
  return breaking(`${member} of ${name} in updates is ${show(after)}, and was ${show(before)}`)
}

const ofSchema = (name: string, keyword: string, before: unknown, after: unknown): Verdict => {
  const was = `${keyword} of ${name} in updates is ${show(after)}, and was ${show(before)}`
  switch (keyword) {
    case "required": {
      const gone = listed(before).filter((one) => !listed(after).includes(one))
      return gone.length > 0
        ? breaking(`${gone.join(", ")} of ${name} may be missing in an update`)
        : harmless(`more of ${name} is always in an update`)
    }
    case "enum": {
      if (after === undefined) return breaking(was)
      const more = listed(after).filter((one) => !listed(before).includes(one))
      return before === undefined || more.length === 0
        ? harmless(`${name} in updates has fewer values`)
        : addition(`${name} in updates may be ${more.join(", ")}`)
    }
    case "type": {
      const isWithin =
        before === undefined || listed(after).every((one) => listed(before).includes(one))
      return isWithin && after !== undefined ? harmless(was) : breaking(was)
    }
    case "additionalProperties":
    case "unevaluatedProperties": {
      return after === false ? harmless(was) : addition(was)
    }
    case "minimum":
    case "exclusiveMinimum":
    case "minLength":
    case "minItems":
    case "minProperties": {
      return bound(was, before, after, (old, now) => now >= old)
    }
    case "maximum":
    case "exclusiveMaximum":
    case "maxLength":
    case "maxItems":
    case "maxProperties": {
      return bound(was, before, after, (old, now) => now <= old)
    }
    default: {
      // What was not promised before is promised now. Whether another pattern is a stricter one, nobody can tell.
      return before === undefined ? harmless(was) : breaking(was)
    }
  }
}

const bound = (
  message: string,
  before: unknown,
  after: unknown,
  isTighter: (old: number, now: number) => boolean,
): Verdict => {
  if (after === undefined) return breaking(message)
  if (before === undefined) return harmless(message)
  return isTighter(Number(before), Number(after)) ? harmless(message) : breaking(message)
}

const listed = (value: unknown): ReadonlyArray<string> =>
  value === undefined ? [] : [value].flat().map(String)

const show = (value: unknown): string =>
  value === undefined ? "not there" : JSON.stringify(value).slice(0, 80)
