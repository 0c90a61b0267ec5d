import type { Info } from "./api.ts"

/** The mock's clock, as it was at a moment of this machine's. All in milliseconds since 1970. */
export interface ClockReading {
  readonly mock: number
  readonly machine: number
  readonly runs: boolean
}

/** Until the mock has told its time. */
export const systemClock: ClockReading = { mock: 0, machine: 0, runs: true }

/** The clock as the mock has just told it. */
export const readClock = ({ clock }: Info): ClockReading => ({
  mock: Date.parse(clock.now),
  machine: Date.now(),
  runs: clock.runs ?? true,
})

/** The mock's time at a moment of this machine's. */
export const mockTime = ({ machine, mock, runs }: ClockReading, at: number): number =>
  runs ? mock + (at - machine) : mock
