/** The faults in force, and which of them a request meets. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Contract, Operation } from "@effect-sent/contract/Contract"
import { Fault, type PlacedFault } from "../../Fault.ts"
import { answerNamed } from "./prefer.ts"

export interface Faults {
  /** Puts one in force; fails with what is wrong with it, in words. */
  readonly add: (fault: unknown) => Result.Result<PlacedFault, string>
  /** The oldest one that is for this request, which counts as met. */
  readonly meet: (request: {
    readonly phoneNumber: string | undefined
    readonly senderId: string
  }) => PlacedFault | undefined
  /** Whether it was there. Of a sender only its own. */
  readonly remove: (id: string, senderId?: string) => boolean
  readonly clear: (senderId?: string) => void
  readonly all: (senderId?: string) => ReadonlyArray<PlacedFault>
}

interface Entry {
  placed: PlacedFault
  /** Of `share`: how much of a hit has come together. */
  due: number
}

const decodeFault = Schema.decodeUnknownResult(Fault)

export const makeFaults = ({ operations }: Contract): Faults => {
  const entries = new Map<string, Entry>()
  let count = 0

  const isOf = ({ placed }: Entry, senderId: string | undefined): boolean =>
    senderId === undefined || placed.senderId === senderId

  return {
    add: (input) => {
      const unknown = unknownMembers(input)
      if (unknown.length > 0) {
        const known = Object.keys(Fault.fields).join(", ")
        return Result.fail(`a fault has no ${unknown.join(", ")}; it may have ${known}`)
      }
      const decoded = decodeFault(input, { errors: "all" })
      if (Result.isFailure(decoded))
        return Result.fail(decoded.failure.message.replaceAll(/\s+/g, " "))
      const fault = decoded.success
      const problem = problemOf(fault, operations)
      if (problem !== undefined) return Result.fail(problem)
      const id = String(++count)
      const placed = {
        ...fault,
        ...(fault.senderId === undefined ? {} : { senderId: fault.senderId.toLowerCase() }),
        id,
        hits: 0,
      }
      entries.set(id, { placed, due: 0 })
      return Result.succeed(placed)
    },
    meet: ({ phoneNumber, senderId }) => {
      for (const entry of entries.values()) {
        const { placed } = entry
        if (placed.phoneNumber !== undefined && placed.phoneNumber !== phoneNumber) continue
        if (placed.senderId !== undefined && placed.senderId !== senderId) continue
        entry.due += placed.share ?? 1
        // Sums of fractions fall short of a whole by a hair.
        if (entry.due < 1 - 1e-9) continue
        entry.due -= 1
        entry.placed = { ...placed, hits: placed.hits + 1 }
        if (entry.placed.hits === placed.times) entries.delete(placed.id)
        return entry.placed
      }
      return undefined
    },
    remove: (id, senderId) => {
      const entry = entries.get(id)
      return entry !== undefined && isOf(entry, senderId) && entries.delete(id)
    },
    clear: (senderId) => {
      for (const [id, entry] of entries) if (isOf(entry, senderId)) entries.delete(id)
    },
    all: (senderId) =>
      [...entries.values()].filter((entry) => isOf(entry, senderId)).map(({ placed }) => placed),
  }
}

const unknownMembers = (input: unknown): ReadonlyArray<string> =>
  Predicate.isObject(input)
    ? Object.keys(input).filter((name) => !Object.hasOwn(Fault.fields, name))
    : []

const problemOf = (fault: Fault, operations: ReadonlyArray<Operation>): string | undefined => {
  const { answer, broken, latencyMillis, reset } = fault
  if (answer === undefined && broken === undefined && reset === undefined) {
    if (latencyMillis === undefined)
      return "a fault needs one of latencyMillis, reset, broken and answer"
  }
  if (reset !== undefined && broken !== undefined) {
    return "a fault has either reset or broken: nothing of an answer arrives after a reset"
  }
  if (reset !== undefined && answer !== undefined) {
    return "a fault has either reset or answer: nothing of an answer arrives after a reset"
  }
  if (answer === undefined) return undefined
  const problems = operations.map((operation) =>
    answerNamed(operation, String(answer.status), answer.example),
  )
  return problems.every(Predicate.isString) ? problems[0] : undefined
}

/** What a fault does, in words. */
export const describeFault = ({
  answer,
  broken,
  id,
  latencyMillis,
  reset,
}: PlacedFault): string => {
  const parts = [
    latencyMillis === undefined ? undefined : `${latencyMillis} ms late`,
    answer === undefined ? undefined : `answer ${answer.status} ${answer.example ?? ""}`.trim(),
    broken === undefined ? undefined : `${broken} answer`,
    reset === undefined ? undefined : `connection reset ${reset.replace("-", " ")}`,
  ]
  return `fault ${id}: ${parts.filter(Predicate.isNotUndefined).join(", ")}`
}
