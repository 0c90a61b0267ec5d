/** The active faults, and the choice of the fault that affects a request. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Operation } from "@effect-sent/contract/Contract"
import { oneLine } from "@effect-sent/contract/ContractError"
import { Fault, type PlacedFault } from "../../Fault.ts"
import { operationName } from "../operations/rows.ts"
import { answerNamed } from "./prefer.ts"

export interface Faults {
  /** Adds a fault. Fails with a description of what is invalid. */
  readonly add: (fault: unknown) => Result.Result<PlacedFault, string>
  /** Returns the oldest fault that affects this request and counts the hit. */
  readonly meet: (request: Met) => PlacedFault | undefined
  /** Removes a fault, with `senderId` only one of that sender. Returns whether it was active. */
  readonly remove: (id: string, senderId?: string) => boolean
  readonly clear: (senderId?: string) => void
  readonly all: (senderId?: string) => ReadonlyArray<PlacedFault>
}

/** A valid request, as far as faults can be limited to it. */
export interface Met {
  readonly operation: Operation
  readonly phoneNumbers: ReadonlyArray<string>
  readonly templateId: string | undefined
  readonly senderId: string
  /** Whether scenarios cannot be played, because an earlier answer is given again. */
  readonly isReplay: boolean
}

interface Entry {
  placed: PlacedFault
  /** The sum of `share` since the last hit. The fault affects a request when the sum reaches 1. */
  due: number
}

const decodeFault = Schema.decodeUnknownResult(Fault)

/** `operations` are the current ones of the contract. */
export const makeFaults = (operations: () => ReadonlyArray<Operation>): Faults => {
  const entries = new Map<string, Entry>()
  let count = 0

  const isOf = ({ placed }: Entry, senderId: string | undefined): boolean =>
    senderId === undefined || placed.senderId === senderId

  return {
    add: (input) => {
      if (!Predicate.isObject(input) || Array.isArray(input)) {
        return Result.fail('a fault must be an object, e.g. { "latencyMillis": 1000 }')
      }
      const unknown = unknownMembers(input)
      if (unknown.length > 0) {
        const known = Object.keys(Fault.fields).join(", ")
        return Result.fail(`a fault has no member ${unknown.join(", ")}; its members are ${known}`)
      }
      const decoded = decodeFault(input, { errors: "all" })
      if (Result.isFailure(decoded)) return Result.fail(oneLine(decoded.failure.message))
      const fault = decoded.success
      const problem = problemOf(fault, operations())
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
    meet: ({ isReplay, operation, phoneNumbers, senderId, templateId }) => {
      for (const entry of entries.values()) {
        const { placed } = entry
        if (!isPossible(placed, operation, isReplay)) continue
        if (placed.operation !== undefined && placed.operation !== operationName(operation))
          continue
        if (placed.phoneNumber !== undefined && !phoneNumbers.includes(placed.phoneNumber)) continue
        if (placed.senderId !== undefined && placed.senderId !== senderId) continue
        if (placed.templateId?.toLowerCase() !== (placed.templateId && templateId?.toLowerCase()))
          continue
        entry.due += placed.share ?? 1
        // The sum of floating-point fractions may be slightly below 1.
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

/** Whether an operation has what the fault plays. */
const isPossible = (
  { answer, scenario }: Fault,
  operation: Operation,
  isReplay: boolean,
): boolean =>
  (answer === undefined ||
    !Predicate.isString(answerNamed(operation, String(answer.status), answer.example))) &&
  (scenario === undefined ||
    (!isReplay && operation.scenarios.some(({ name }) => name === scenario)))

const unknownMembers = (input: unknown): ReadonlyArray<string> =>
  Predicate.isObject(input)
    ? Object.keys(input).filter((name) => !Object.hasOwn(Fault.fields, name))
    : []

const problemOf = (fault: Fault, operations: ReadonlyArray<Operation>): string | undefined => {
  const { answer, broken, latencyMillis, reset, scenario } = fault
  if ([answer, broken, latencyMillis, reset, scenario].every(Predicate.isUndefined)) {
    return "a fault needs at least one of latencyMillis, reset, broken and answer, or a scenario"
  }
  if (
    fault.operation !== undefined &&
    operations.every((one) => operationName(one) !== fault.operation)
  ) {
    return `there is no operation ${JSON.stringify(fault.operation.slice(0, 80))}; operations: ${operations.map(operationName).join(", ")}`
  }
  if (scenario !== undefined && answer !== undefined) {
    return "scenario and answer cannot be combined: the scenario has its own answers"
  }
  const names = [
    ...new Set(operations.flatMap(({ scenarios }) => scenarios.map(({ name }) => name))),
  ]
  if (scenario !== undefined && !names.includes(scenario)) {
    return `there is no scenario ${JSON.stringify(scenario.slice(0, 80))}; scenarios: ${names.join(", ")}`
  }
  if (reset !== undefined && broken !== undefined) {
    return "reset and broken cannot be combined: after a reset, no part of the answer arrives"
  }
  if (reset !== undefined && answer !== undefined) {
    return "reset and answer cannot be combined: after a reset, no part of the answer arrives"
  }
  if (answer === undefined) return undefined
  const problems = operations.map((operation) =>
    answerNamed(operation, String(answer.status), answer.example),
  )
  return problems.every(Predicate.isString) ? problems[0] : undefined
}

/** Describes the effect of a fault. */
export const describeFault = ({
  answer,
  broken,
  id,
  latencyMillis,
  reset,
  scenario,
}: PlacedFault): string => {
  const parts = [
    scenario === undefined ? undefined : `scenario ${scenario}`,
    latencyMillis === undefined ? undefined : `delayed by ${latencyMillis} ms`,
    answer === undefined ? undefined : `answer ${answer.status} ${answer.example ?? ""}`.trim(),
    broken === undefined ? undefined : `${broken} answer`,
    reset === undefined ? undefined : `connection reset ${reset.replace("-", " ")}`,
  ]
  return `fault ${id}: ${parts.filter(Predicate.isNotUndefined).join(", ")}`
}
