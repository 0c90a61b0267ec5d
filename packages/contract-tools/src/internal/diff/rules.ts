/**
 * Whether a change breaks anybody. Redocly's verdict holds where no rule of ours applies: ours know that an update is
 * written by the service and read by its receiver, which pattern takes what, and what a mock does with the contract.
 */
import type { Change, Direction } from "./change.ts"
import { isArray, type Json, keysOf, textOf } from "../document/json.ts"
import type { RedoclyChange } from "./redocly.ts"

export type Judged = Omit<Change, "source">

/** Undefined for what is looked at elsewhere. */
export const judge = (change: RedoclyChange): Judged | undefined => {
  if (isElsewhere(change)) return undefined
  const seen = { ...change, direction: directionOf(change.path) }
  const verdict = rules.map((rule) => rule(seen)).find((found) => found !== undefined)
  return {
    direction: seen.direction,
    pointer: (change.revision ?? change.base)?.pointer ?? change.path,
    ...(verdict === undefined
      ? byRedocly(seen)
      : { ...verdict, decidedBy: "effect-sent", message: `${inWords(seen)}: ${verdict.message}` }),
  }
}

interface Seen extends RedoclyChange {
  readonly direction: Direction
}

interface Verdict extends Pick<Judged, "impact" | "rule"> {
  /** Why. */
  readonly message: string
}

type Rule = (change: Seen) => Verdict | undefined

const impactOf = { major: "breaking", minor: "addition", patch: "harmless" } as const

const byRedocly = (change: Seen): Pick<Judged, "impact" | "rule" | "decidedBy" | "message"> => ({
  impact: impactOf[change.impact],
  rule: change.verdicts[0]?.ruleId ?? `${change.kind}-${inKebabCase(change.typeName)}`,
  decidedBy: "redocly",
  message: change.verdicts.map(({ message }) => message).join(" ") || inWords(change),
})

/** The version is what the changes are held to, and named examples are compared as a mock plays them. */
const isElsewhere = ({ kind, path, property, typeName }: RedoclyChange): boolean =>
  (path === "#/info" && property === "version") ||
  /\/x-sent-(?:headers|scenarios)(?:\/|$)/.test(path) ||
  (/^Examples?(?:Map)?$/.test(typeName) &&
    kind !== "modified" &&
    ["response", "update"].includes(directionOf(path)))

// -----------------------------------------------------------------------------
// Directions
// -----------------------------------------------------------------------------

/** Each direction has its own way from the root, since none shares a component with another. */
export const directionOf = (path: string): Direction => {
  const keys = keysOf(path).filter((key) => key !== "$ref")
  const callback = keys.indexOf("callbacks")
  const [root = "", , method = "", part = ""] = keys
  if (root === "webhooks") return part === "responses" ? "update-response" : "update"
  if (root === "paths" && callback === 3)
    return keys[7] === "responses" ? "update-response" : "update"
  if (root === "paths")
    return method !== "parameters" && part === "responses" ? "response" : "request"
  // Where a request goes, and what it must carry.
  return ["servers", "security", "components"].includes(root) ? "request" : "document"
}

const isReadByService = (direction: Direction): boolean =>
  direction === "request" || direction === "update-response"

// -----------------------------------------------------------------------------
// Rules, the first that applies decides
// -----------------------------------------------------------------------------

/** Under these, what takes more lets less through. Redocly does not turn its verdict round there. */
const negated: Rule = ({ kind, path, property = "", typeName }) =>
  kind === "modified" &&
  constraints[typeName]?.has(property) === true &&
  /\/(?:not|if)(?:\/|$)/.test(path)
    ? {
        rule: "negated-schema-changed",
        impact: "breaking",
        message: "it stands under `not` or `if`, where what takes more lets less through",
      }
    : undefined

/** Which of two patterns accepts more is not decided: in each direction, somebody relies on the old one. */
const anotherPattern: Rule = ({ base, property, revision }) =>
  isPattern(property) && typeof base?.value === "string" && typeof revision?.value === "string"
    ? {
        rule: "pattern-changed",
        impact: "breaking",
        message: "a value that matched may no longer match, or the other way round",
      }
    : undefined

const isPattern = (property: string | undefined): boolean =>
  property === "pattern" || property === "x-sent-pattern"

/** Redocly does not know this keyword. */
const patternOfCredential: Rule = ({ base, property, revision }) => {
  if (property !== "x-sent-pattern") return undefined
  if (base?.value === undefined) {
    const message = "a credential that does not match is now refused"
    return { rule: "credential-pattern-added", impact: "breaking", message }
  }
  return revision?.value === undefined
    ? { rule: "credential-pattern-removed", impact: "addition", message: "any credential is taken" }
    : undefined
}

/** A status or a channel more is how a service grows: whoever reads updates is to leave what they do not know. */
const newValueInUpdate: Rule = ({ direction, revision, verdicts }) =>
  direction === "update" &&
  verdicts.some(({ ruleId }) => ruleId === "enum-values-added") &&
  revision?.value !== undefined
    ? {
        rule: "update-enum-value-added",
        impact: "addition",
        message: "a receiver may meet a value that it does not know",
      }
    : undefined

/** So is a form more. */
const newFormOfUpdate: Rule = ({ direction, kind, path }) =>
  direction === "update" && kind === "added" && /\/(?:anyOf|oneOf)\/\d+$/.test(path)
    ? {
        rule: "update-form-added",
        impact: "addition",
        message: "a receiver may meet a form that it does not know",
      }
    : undefined

/** The key of a callback says where in the request its URL is. */
const urlOfUpdate: Rule = ({ direction, property, typeName }) =>
  direction === "update" && typeName === "PathItem" && property === "key"
    ? {
        rule: "update-url-moved",
        impact: "breaking",
        message: "a request that has it in the old place gets no updates",
      }
    : undefined

const headerOfUpdate: Rule = ({ base, direction, kind, property, revision, typeName }) => {
  if (direction !== "update" || (typeName !== "Parameter" && typeName !== "ParameterList")) {
    return undefined
  }
  if (kind === "removed") {
    const message = "a receiver that reads it no longer finds it"
    return { rule: "update-header-removed", impact: "breaking", message }
  }
  // An update carries nothing that its receiver must send.
  if (kind === "added") {
    const message = "a receiver may read it"
    return { rule: "update-header-added", impact: "addition", message }
  }
  const isOther = textOf(base?.value).toLowerCase() !== textOf(revision?.value).toLowerCase()
  if ((property === "name" || property === "in") && isOther) {
    const message = "a receiver that reads the old one no longer finds it"
    return { rule: "update-header-renamed", impact: "breaking", message }
  }
  return property === "required" ? mayBeMissing("update-header", base?.value === true) : undefined
}

const bodyOfUpdate: Rule = ({ base, direction, kind, property, typeName }) => {
  if (direction !== "update" || typeName !== "RequestBody") return undefined
  if (kind === "removed") {
    const message = "a receiver that reads it no longer finds it"
    return { rule: "update-body-removed", impact: "breaking", message }
  }
  return property === "required" ? mayBeMissing("update-body", base?.value === true) : undefined
}

/** A caller asks for the media type of a response. Nobody asks for that of an update. */
const mediaTypeOfUpdate: Rule = ({ direction, kind, typeName }) =>
  direction === "update" && kind === "added" && typeName === "MediaType"
    ? {
        rule: "update-media-type-added",
        impact: "breaking",
        message: "a receiver may get a body that it cannot read",
      }
    : undefined

const headerOfResponse: Rule = ({ base, direction, property, typeName }) =>
  direction === "response" && typeName === "Header" && property === "required"
    ? mayBeMissing("response-header", base?.value === true)
    : undefined

const emptyBody: Rule = ({ direction, property, revision }) => {
  if (direction !== "response" || property !== "x-sent-empty-body") return undefined
  return revision?.value === true
    ? { rule: "response-body-optional", impact: "breaking", message: "it may now have no body" }
    : { rule: "response-body-required", impact: "harmless", message: "it always has a body" }
}

const mayBeMissing = (what: string, wasRequired: boolean): Verdict =>
  wasRequired
    ? { rule: `${what}-optional`, impact: "breaking", message: "it may now be missing" }
    : { rule: `${what}-required`, impact: "harmless", message: "it is now always there" }

/** What a service takes, it only shows. */
const exampleOfRequest: Rule = ({ direction, kind, typeName }) =>
  isReadByService(direction) && kind !== "modified" && /^Examples?(?:Map)?$/.test(typeName)
    ? { rule: `example-${kind}`, impact: "harmless", message: "it is only shown" }
    : undefined

/** Redocly calls only new parts an addition, and not that a part takes more than it did. */
const takesMore: Rule = ({ base, direction, kind, property = "", revision, typeName, verdicts }) =>
  isReadByService(direction) &&
  kind === "modified" &&
  verdicts.length === 0 &&
  constraints[typeName]?.has(property) === true &&
  !isSameSet(base?.value, revision?.value)
    ? { rule: "loosened", impact: "addition", message: "more is taken than before" }
    : undefined

const constraints: Readonly<Record<string, ReadonlySet<string>>> = {
  Schema: new Set([
    "type",
    "nullable",
    "enum",
    "const",
    "format",
    "pattern",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "items",
    "uniqueItems",
    "multipleOf",
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
  ]),
  Parameter: new Set(["required"]),
  RequestBody: new Set(["required"]),
}

const isSameSet = (one: Json | undefined, other: Json | undefined): boolean =>
  isArray(one) && isArray(other)
    ? one.every((item) => other.includes(item)) && other.every((item) => one.includes(item))
    : one === other

const rules: ReadonlyArray<Rule> = [
  negated,
  anotherPattern,
  patternOfCredential,
  newValueInUpdate,
  newFormOfUpdate,
  urlOfUpdate,
  headerOfUpdate,
  bodyOfUpdate,
  mediaTypeOfUpdate,
  headerOfResponse,
  emptyBody,
  exampleOfRequest,
  takesMore,
]

// -----------------------------------------------------------------------------
// In words
// -----------------------------------------------------------------------------

const inWords = (change: RedoclyChange): string => {
  const { base, kind, property, revision, typeName } = change
  const name = nameOf(change)
  if (kind !== "modified") return `${inKebabCase(typeName)} ${quoted(name)} was ${kind}`
  if (property === "key") return `${quoted(base?.value)} became ${quoted(revision?.value)}`
  const what = `\`${property}\` of ${quoted(name)}`
  if (base?.value === undefined) return `${what} was set to ${quoted(revision?.value)}`
  if (revision?.value === undefined) return `${what} was removed`
  if (isArray(base.value) && isArray(revision.value)) {
    return `${what} changed: ${listed(base.value, revision.value)}`
  }
  // A shortened pattern is not that pattern.
  return isPattern(property)
    ? `${what} changed from ${textOf(base.value)} to ${textOf(revision.value)}`
    : `${what} changed from ${quoted(base.value)} to ${quoted(revision.value)}`
}

/** What has no name of its own goes by that of what it is in. */
const nameOf = ({ base, path, property, revision }: RedoclyChange): string => {
  const [last = ""] = keysOf(path).slice(-1)
  if (!isUnnamed(last)) return last
  const holders = keysOf((revision ?? base)?.pointer ?? path)
  return holders.findLast((key) => key !== property && !isUnnamed(key)) ?? last
}

/** A place in a list, and not a status. */
const isUnnamed = (key: string): boolean =>
  /^\d{1,2}$/.test(key) || ["schema", "items", "anyOf", "oneOf", "allOf"].includes(key)

const listed = (old: ReadonlyArray<Json>, next: ReadonlyArray<Json>): string => {
  const gone = old.filter((item) => !next.includes(item))
  const come = next.filter((item) => !old.includes(item))
  return [
    ...(gone.length > 0 ? [`without ${gone.map(quoted).join(", ")}`] : []),
    ...(come.length > 0 ? [`with ${come.map(quoted).join(", ")}`] : []),
    ...(gone.length + come.length === 0 ? ["in another order"] : []),
  ].join(" and ")
}

const inKebabCase = (name: string): string =>
  name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()

const longest = 60

const quoted = (value: Json | undefined): string => {
  const text = JSON.stringify(value)?.replaceAll(/\s+/g, " ") ?? "nothing"
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
