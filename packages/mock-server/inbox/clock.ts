import type { Info } from "./api.ts"

/** A reading of the mock's clock and of this machine's at the same moment, in milliseconds since 1970. */
export interface ClockReading {
  readonly mock: number
  readonly machine: number
  readonly runs: boolean
}

/** This machine's clock, used until the mock's clock has been read. */
export const systemClock: ClockReading = { mock: 0, machine: 0, runs: true }

/** The reading in an answer that has just arrived. */
export const readClock = ({ clock }: Info): ClockReading => ({
  mock: Date.parse(clock.now),
  machine: Date.now(),
  runs: clock.runs ?? true,
})

/** Converts this machine's time to the mock's. */
export const mockTime = ({ machine, mock, runs }: ClockReading, at: number): number =>
  runs ? mock + (at - machine) : mock
