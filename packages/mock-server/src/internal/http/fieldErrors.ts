/** Converts Prism's violations to the contract's field errors. No error contains the value of a field. */
import * as Predicate from "effect/Predicate"
import type { Operation } from "@effect-sent/contract/Contract"
import { type Answer, jsonTypes } from "./answer.ts"
import { errorIn, withError } from "./envelope.ts"
import type { PrismViolation } from "@effect-sent/contract/Prism"

/** The 400 with an error for every invalid field. `schema` is that of the request body. */
export const validationFailed = (
  operation: Operation,
  violations: ReadonlyArray<PrismViolation>,
  schema: unknown,
): Answer => {
  const response = operation.responses.find(({ status }) => status === 400)
  const errors = fieldErrors(schema, violations)
  const envelopes = (response?.examples ?? []).filter(({ value }) => errorIn(value) !== undefined)
  const wanted = exampleFor(violations)
  const envelope = (envelopes.find(({ name }) => name === wanted) ?? envelopes[0])?.value
  if (Predicate.isObject(envelope)) {
    const body = withError(envelope, { details: errors })
    return { status: 400, headers: {}, mediaTypes: jsonTypes(response), body }
  }
  const published = response?.examples.find(({ value }) => isShape(value))?.value
  return {
    status: 400,
    headers: {},
    mediaTypes: jsonTypes(response),
    body: { ...(isShape(published) ? published : shape), errors },
  }
}

/** The example of an envelope whose code says what is wrong. */
const exampleFor = (violations: ReadonlyArray<PrismViolation>): string => {
  const isIn = (...place: ReadonlyArray<string>): boolean =>
    violations.every(({ path }) => place.every((name, index) => path[index] === name))
  if (isIn("header", "idempotency-key")) return "idempotency-key-malformed"
  return isIn("path") || isIn("header", "x-profile-id") ? "id-malformed" : "validation-failed"
}

/** The first of the published forms, used when the contract has no example with `errors`. */
const shape = {
  type: "https://tools.ietf.org/html/rfc7231#section-6.5.1",
  title: "One or more validation errors occurred",
  status: 400,
}

const isShape = (value: unknown): value is object =>
  Predicate.isObject(value) && ["type", "title", "status", "errors"].every((key) => key in value)

/** The messages by field, in the order of Prism's violations. */
export const fieldErrors = (
  schema: unknown,
  violations: ReadonlyArray<PrismViolation>,
): Record<string, ReadonlyArray<string>> => {
  const errors = new Map<string, Set<string>>()
  for (const violation of violations) {
    if (isRepeated(violation, violations)) continue
    const { field, message } = describe(schema, violation)
    const name = fieldName(field)
    errors.set(name, (errors.get(name) ?? new Set()).add(message))
  }
  // `fromEntries` makes own properties even of names such as `__proto__`.
  return Object.fromEntries([...errors].map(([name, messages]) => [name, [...messages]]))
}

/** A violation of `pattern` is redundant when the field also violates its `format`. */
const isRepeated = (
  violation: PrismViolation,
  violations: ReadonlyArray<PrismViolation>,
): boolean =>
  violation.code === "pattern" &&
  violations.some(
    ({ code, path }) =>
      code === "format" &&
      path.length === violation.path.length &&
      path.every((segment, index) => segment === violation.path[index]),
  )

const describe = (
  schema: unknown,
  violation: PrismViolation,
): { readonly field: ReadonlyArray<string>; readonly message: string } => {
  const field = violation.path.map(unescapePointer)
  const said = withoutSubject(violation)
  switch (violation.code) {
    case "required": {
      const name = between(said, "must have required property '", "'")
      // Without a property name, the whole body is missing. Prism also reports `null` and `false` as missing.
      if (name === undefined) return { field: ["body"], message: bodyMessage(schema) }
      return {
        field: [...field, name],
        message: requiredMessage(schemaAt(schema, field), name) ?? `${name} is required`,
      }
    }
    case "additionalProperties": {
      const name = between(said, "must NOT have additional properties; found '", "'")
      return { field: name === undefined ? field : [...field, name], message: "Unknown field" }
    }
    case "unevaluatedProperties": {
      const name = between(said, "must NOT have unevaluated properties: '", "'")
      return { field: name === undefined ? field : [...field, name], message: "Unknown field" }
    }
    case "type": {
      return { field, message: typeMessage(said.replace("must be ", "")) }
    }
    case "format": {
      const name = between(said, 'must match format "', '"')
      return { field, message: name === undefined ? capitalised(said) : `Must be a valid ${name}` }
    }
    case "pattern": {
      const pattern = between(said, 'must match pattern "', '"')
      return {
        field,
        message: pattern === undefined ? capitalised(said) : `Must match the pattern ${pattern}`,
      }
    }
    default: {
      return { field, message: capitalised(said) }
    }
  }
}

/**
 * Removes the location that Prism writes in front of the problem. The location is rebuilt and cut off as a prefix: a field name
 * may contain any text, so searching for the words that follow it would not be safe.
 */
const withoutSubject = ({ path, message }: PrismViolation): string => {
  const [part = "", ...names] = path
  const kind = names.length === 0 ? "" : part === "body" ? "property " : "parameter "
  const subject = `Request ${part === "" ? "" : `${part} `}${kind}${names.join(".").trim()}${
    names.length === 0 ? "" : " "
  }`
  return message.startsWith(subject) ? message.slice(subject.length) : message
}

const between = (text: string, start: string, end: string): string | undefined =>
  text.startsWith(start) && text.endsWith(end) && text.length >= start.length + end.length
    ? text.slice(start.length, text.length - end.length)
    : undefined

const typeMessage = (type: string): string =>
  `Must be ${/^[aeio]/.test(type) ? "an" : "a"} ${type.replaceAll(",", " or ")}`

const bodyMessage = (schema: unknown): string =>
  Predicate.hasProperty(schema, "type") && typeof schema.type === "string"
    ? typeMessage(schema.type)
    : "A body is required"

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const requiredMessage = (schema: unknown, name: string): string | undefined => {
  const property = member(member(schema, "properties"), name)
  const message = member(property, "x-sent-required-message")
  return typeof message === "string" ? message : undefined
}

/** The schema of a field, found by its path, which begins with `body`. */
const schemaAt = (schema: unknown, [part, ...names]: ReadonlyArray<string>): unknown =>
  part === "body"
    ? names.reduce<unknown>(
        (at, name) => member(member(at, "properties"), name) ?? member(at, "additionalProperties"),
        schema,
      )
    : undefined

// Own members only: a field may be named `constructor`.
const member = (value: unknown, key: string): unknown =>
  Predicate.isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

const unescapePointer = (segment: string): string =>
  segment.replaceAll("~1", "/").replaceAll("~0", "~")

/** `["body", "messageBody", "name"]` → `messageBody.name`; the body itself is `$`. */
const fieldName = ([part, ...names]: ReadonlyArray<string>): string => {
  const [first = "$", ...rest] = part === "body" || part === undefined ? names : [part, ...names]
  return rest.reduce(
    (path, name) =>
      /^[\w-]+$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`,
    first,
  )
}
