/** Counts what of a contract the cases have exercised. */
import { isDeepStrictEqual } from "node:util"
import type { Contract, Operation, Response } from "@effect-sent/contract/Contract"
import type { WireResponse } from "@effect-sent/contract/ContractValidator"

/** Something that the contract declares, and how often it was exercised. */
export interface CoverageItem {
  readonly kind: "operation" | "request example" | "status" | "example" | "callback" | "update"
  /** E.g. `POST /v1/messages/phone 400 insufficient-balance`. */
  readonly name: string
  readonly times: number
}

export interface Counting {
  readonly answered: (operation: Operation, answer: WireResponse) => void
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
    answered: (operation, answer) => {
      count("operation", nameOf(operation))
      const response = operation.responses.find(({ status }) => status === answer.status)
      if (response === undefined) return
      count("status", `${nameOf(operation)} ${answer.status}`)
      const example = exampleOf(response, answer)
      if (example !== undefined)
        count("example", `${nameOf(operation)} ${answer.status} ${example}`)
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
  return mayBeEmpty ? [...names, empty] : names
}

const empty = "empty"

/** The example that an answer is, headers and all; of several that it could be, the one with most headers. */
export const exampleOf = (response: Response, answer: WireResponse): string | undefined => {
  if (answer.body.length === 0) return response.mayBeEmpty ? empty : undefined
  const body = parse(answer.body)
  return response.examples
    .filter(
      ({ headers, value }) =>
        isDeepStrictEqual(value, body) &&
        Object.entries(headers).every(
          ([name, text]) => answer.headers[name.toLowerCase()] === text,
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
