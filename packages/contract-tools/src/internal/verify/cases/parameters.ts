/** Requests whose headers or path have other values than usual, and requests that are repeated with an idempotency key. */
import type { Operation } from "@effect-sent/contract/Contract"
import { randomUUID } from "node:crypto"
import { isHeaderValue } from "../credentials.ts"
import type { Parameter } from "../declared.ts"
import type { SentRequest } from "../exchange.ts"
import type { Requests } from "../requests.ts"
import { spell } from "../values/pattern.ts"
import { isJsonObject } from "../values/sample.ts"
import { editsOf } from "../values/text.ts"
import { type Case, declaredOf, type Expected, nameOf, withHeader } from "./case.ts"

export const parameterCases = (operation: Operation, requests: Requests): ReadonlyArray<Case> => [
  ...requests.declared.parameters.flatMap((parameter) => {
    if (parameter.place === "header") return ofHeader(operation, requests, parameter)
    return parameter.place === "path" ? ofPath(operation, requests, parameter) : []
  }),
  ...repeated(operation, requests),
]

interface Value {
  readonly what: string
  readonly text: string
  readonly isValid: boolean
}

/** Values at, and just beyond, what the pattern of a parameter allows. Only a pattern says which. */
const valuesOf = ({ schema, value }: Parameter): ReadonlyArray<Value> => {
  const pattern = isJsonObject(schema) ? schema["pattern"] : undefined
  if (typeof pattern !== "string" || typeof value !== "string") return []
  const test = new RegExp(pattern, "u")
  const known = new Set<string>()
  const atBounds = (spell(pattern)?.variants ?? []).filter(({ isBound }) => isBound)
  return [...atBounds, ...editsOf(value)]
    .filter(({ text }) => isHeaderValue(text))
    .filter(({ text }) => {
      const isNew = !known.has(text)
      known.add(text)
      return isNew
    })
    .map(({ text, what }) => ({ what, text, isValid: test.test(text) }))
}

const caseOf = (
  operation: Operation,
  name: string,
  cause: string,
  requests: ReadonlyArray<readonly [request: SentRequest, expected: Expected]>,
): Case => ({
  group: requests.every(([, { _tag }]) => _tag === "Refused") ? "refusals" : "successes",
  name,
  cause,
  operation,
  needs: "mock",
  steps: requests.map(([request, expected]) => ({ request, expected })),
})

const accepted: Expected = { _tag: "Accepted" }

const ofHeader = (
  operation: Operation,
  { usual }: Requests,
  parameter: Parameter,
): ReadonlyArray<Case> => {
  const { name, value } = parameter
  const refused: Expected = { _tag: "Refused", statuses: declaredOf(operation, 400, 422) }
  const one = ({ isValid, text, what }: Value): Case =>
    caseOf(operation, `${name} ${what}`, `${name} header`, [
      [withHeader(usual, name.toLowerCase(), text), isValid ? accepted : refused],
    ])
  const example: ReadonlyArray<Value> =
    typeof value === "string" ? [{ what: "is the example", text: value, isValid: true }] : []
  return [...example, ...valuesOf(parameter)].map(one)
}

/** The value of the last parameter, where it is malformed. What is well formed may not exist. */
const ofPath = (
  operation: Operation,
  { withId }: Requests,
  parameter: Parameter,
): ReadonlyArray<Case> => {
  const { name } = parameter
  if (!operation.path.endsWith(`{${name}}`) && !operation.path.includes(`{${name}}/`)) return []
  const statuses = declaredOf(operation, 400, 404, 422)
  const malformed = valuesOf(parameter)
    .filter(({ isValid }) => !isValid)
    .map(({ text, what }) =>
      caseOf(operation, `${name} ${what}`, `${name} path`, [
        [withId(text), { _tag: "Refused", statuses }],
      ]),
    )
  const missing = declaredOf(operation, 404)
  if (malformed.length === 0 || missing.length === 0) return malformed
  const unknown = caseOf(operation, `${name} is that of nothing`, `${name} path`, [
    [withId(randomUUID()), { _tag: "Refused", statuses: missing }],
  ])
  // A live service may get it: nothing is there to be found.
  return [...malformed, { ...unknown, needs: undefined }]
}

const keyName = "idempotency-key"
const replayedName = "idempotent-replayed"

/** The same request twice under one key, for an operation that says that it marks a replay. */
const repeated = (operation: Operation, { declared, usual }: Requests): ReadonlyArray<Case> => {
  const hasKey = declared.parameters.some(({ name }) => name.toLowerCase() === keyName)
  const marks = [...declared.responseHeaders.values()].some((all) => all.includes(replayedName))
  if (!hasKey || !marks) return []
  const request = withHeader(usual, keyName, `effect-sent-verify-${randomUUID()}`)
  const replayed: Expected = { _tag: "Accepted", header: replayedName }
  return [
    {
      ...caseOf(operation, "the same request twice under one key", `${nameOf(operation)} replay`, [
        [request, accepted],
        [request, replayed],
      ]),
      needs: "acceptance",
    },
  ]
}
