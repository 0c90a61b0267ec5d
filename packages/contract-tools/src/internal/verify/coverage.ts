/** Counts how often the cases exercise each part of a contract. */
import * as Body from "@effect-sent/contract/Body"
import type { Contract, Operation, Response } from "@effect-sent/contract/Contract"
import type { WireResponse } from "@effect-sent/contract/ContractValidator"
import { emptyExample } from "@effect-sent/contract/Scenario"
import * as Varying from "@effect-sent/contract/Varying"
import { type Declared, declaredBy } from "./declared.ts"

/** A part of the contract, and how often it was exercised. */
export interface CoverageItem {
  readonly kind:
    | "operation"
    | "security"
    | "media type"
    | "request example"
    | "bound"
    | "status"
    | "header"
    | "example"
    | "callback"
    | "update"
    | "callback answer"
  /** E.g. `POST /v1/messages/phone 400 insufficient-balance`. */
  readonly name: string
  readonly times: number
}

type Item = Omit<CoverageItem, "times">

export interface Counting {
  readonly responded: (operation: Operation, response: WireResponse) => void
  /** Counts what a case covers, once it has passed. */
  readonly passed: (items: ReadonlyArray<Item>) => void
  readonly updated: (
    operation: Operation,
    example: string | undefined,
    headers: Readonly<Record<string, unknown>>,
  ) => void
  /** In the contract's order. `planned` are the items of the cases, of those that were not sent, too. */
  readonly items: (planned: ReadonlyArray<Item>) => ReadonlyArray<CoverageItem>
}

export const makeCounting = (contract: Contract): Counting => {
  const declared = contract.operations.map((operation) => ({
    operation,
    declared: declaredBy(contract, operation),
  }))
  const counts = new Map<string, number>()
  const count = (kind: CoverageItem["kind"], name: string): void => {
    const key = `${kind} ${name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return {
    passed: (items) => items.forEach(({ kind, name }) => count(kind, name)),
    responded: (operation, response) => {
      count("operation", nameOf(operation))
      const known = operation.responses.find(({ status }) => status === response.status)
      if (known === undefined) return
      const name = `${nameOf(operation)} ${response.status}`
      count("status", name)
      const type = response.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase()
      if (type !== undefined && response.body.length > 0) count("media type", `${name} ${type}`)
      for (const header of Object.keys(response.headers)) count("header", `${name} ${header}`)
      const example = exampleOf(known, response)
      if (example !== undefined) count("example", `${name} ${example}`)
    },
    updated: (operation, example, headers) => {
      count("callback", nameOf(operation))
      if (example !== undefined) count("update", `${nameOf(operation)} ${example}`)
      for (const header of Object.keys(headers))
        count("header", `${nameOf(operation)} update ${header}`)
    },
    items: (planned) => {
      const all = [
        ...declared.flatMap(({ declared: one, operation }) => itemsOf(operation, one)),
        ...planned,
      ]
      const unique = new Map(all.map((item) => [`${item.kind} ${item.name}`, item]))
      return [...unique].map(([key, { kind, name }]) => ({
        kind,
        name,
        times: counts.get(key) ?? 0,
      }))
    },
  }
}

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`

const itemsOf = (operation: Operation, declared: Declared): ReadonlyArray<Item> => {
  const { requestBody, responses, updates } = operation
  const item = (kind: Item["kind"], ...rest: ReadonlyArray<string | number>): Item => ({
    kind,
    name: [nameOf(operation), ...rest].join(" "),
  })
  const isOpen = declared.security.some((needed) => needed.length === 0)
  return [
    [item("operation")],
    declared.security
      .flat()
      .map(({ scheme }) => item("security", scheme, isOpen ? "accepted" : "missing")),
    (requestBody?.mediaTypes ?? []).map((type) => item("media type", type)),
    (requestBody?.examples ?? []).map(({ name }) => item("request example", name)),
    responses.map(({ status }) => item("status", status)),
    responses.flatMap(({ mediaTypes, status }) =>
      mediaTypes.map((type) => item("media type", status, type.toLowerCase())),
    ),
    responses.flatMap(({ status }) =>
      (declared.responseHeaders.get(status) ?? []).map((name) => item("header", status, name)),
    ),
    responses.flatMap((response) =>
      exampleNames(response).map((name) => item("example", response.status, name)),
    ),
    updates === undefined ? [] : [item("callback")],
    (updates?.examples ?? []).map(({ name }) => item("update", name)),
    (updates?.headers ?? []).map(({ name }) => item("header", "update", name)),
    (declared.callback?.answers ?? []).map(({ status }) => item("callback answer", status)),
  ].flat()
}

const exampleNames = ({ examples, mayBeEmpty }: Response): ReadonlyArray<string> => {
  const names = examples.map(({ name }) => name)
  return mayBeEmpty ? [...names, emptyExample] : names
}

/** The example that a response equals, headers included and what varies left out. If it equals several, the one with the most headers. */
export const exampleOf = (declared: Response, response: WireResponse): string | undefined => {
  if (response.body.length === 0) return declared.mayBeEmpty ? emptyExample : undefined
  const body = parse(response.body)
  const schema = Body.find(declared.contents, response.headers["content-type"] ?? "")?.schema
  return declared.examples
    .filter(
      ({ headers, value }) =>
        Varying.isSame(schema, value, body) &&
        Object.entries(headers).every(
          ([name, text]) => response.headers[name.toLowerCase()] === text,
        ),
    )
    .toSorted(
      (one, other) => Object.keys(other.headers).length - Object.keys(one.headers).length,
    )[0]?.name
}

const parse = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}
