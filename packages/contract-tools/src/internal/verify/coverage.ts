/** Counts how often the cases exercise each part of a contract. */
import { isDeepStrictEqual } from "node:util"
import type { Contract, Operation, Response } from "@effect-sent/contract/Contract"
import type { WireResponse } from "@effect-sent/contract/ContractValidator"
import { emptyExample } from "@effect-sent/contract/Scenario"

/** A part of the contract, and how often it was exercised. */
export interface CoverageItem {
  readonly kind: "operation" | "request example" | "status" | "example" | "callback" | "update"
  /** E.g. `POST /v1/messages/phone 400 insufficient-balance`. */
  readonly name: string
  readonly times: number
}

export interface Counting {
  readonly responded: (operation: Operation, response: WireResponse) => void
  readonly requested: (operation: Operation, example: string) => void
  readonly updated: (operation: Operation, example: string | undefined) => void
  /** In the contract's order. */
  readonly items: () => ReadonlyArray<CoverageItem>
}

export const makeCounting = ({ operations }: Contract): Counting => {
  const counts = new Map<string, number>()
  const count = (kind: CoverageItem["kind"], name: string): void => {
    const key = `${kind} ${name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return {
    requested: (operation, example) => {
      count("request example", `${nameOf(operation)} ${example}`)
    },
    responded: (operation, response) => {
      count("operation", nameOf(operation))
      const declared = operation.responses.find(({ status }) => status === response.status)
      if (declared === undefined) return
      const name = `${nameOf(operation)} ${response.status}`
      count("status", name)
      const example = exampleOf(declared, response)
      if (example !== undefined) count("example", `${name} ${example}`)
    },
    updated: (operation, example) => {
      count("callback", nameOf(operation))
      if (example !== undefined) count("update", `${nameOf(operation)} ${example}`)
    },
    items: () =>
      operations
        .flatMap(itemsOf)
        .map(({ kind, name }) => ({ kind, name, times: counts.get(`${kind} ${name}`) ?? 0 })),
  }
}

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`

type Item = Omit<CoverageItem, "times">

const itemsOf = (operation: Operation): ReadonlyArray<Item> => {
  const { requestBody, responses, updates } = operation
  const item = (kind: Item["kind"], ...rest: ReadonlyArray<string | number>): Item => ({
    kind,
    name: [nameOf(operation), ...rest].join(" "),
  })
  return [
    [item("operation")],
    (requestBody?.examples ?? []).map(({ name }) => item("request example", name)),
    responses.map(({ status }) => item("status", status)),
    responses.flatMap((response) =>
      exampleNames(response).map((name) => item("example", response.status, name)),
    ),
    updates === undefined ? [] : [item("callback")],
    (updates?.examples ?? []).map(({ name }) => item("update", name)),
  ].flat()
}

const exampleNames = ({ examples, mayBeEmpty }: Response): ReadonlyArray<string> => {
  const names = examples.map(({ name }) => name)
  return mayBeEmpty ? [...names, emptyExample] : names
}

/** The example that a response equals, headers included. If it equals several, the one with the most headers. */
export const exampleOf = (declared: Response, response: WireResponse): string | undefined => {
  if (response.body.length === 0) return declared.mayBeEmpty ? emptyExample : undefined
  const body = parse(response.body)
  return declared.examples
    .filter(
      ({ headers, value }) =>
        isDeepStrictEqual(value, body) &&
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
