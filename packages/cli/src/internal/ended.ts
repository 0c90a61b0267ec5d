/** How the program ends: its exit codes, and the one line that says why. */
import { Runtime } from "effect"

/** The exit codes other than 0, which means that every message was accepted. Ctrl-C is 130. */
export const exitCodes = {
  /** The command, the list or the configuration is invalid, or it was not possible to begin. Nothing was sent by this run. */
  usage: 1,
  /** Some messages were not sent. */
  notSent: 2,
  /** Some messages may have been sent. */
  unknown: 3,
} as const

/** Ends the program with an exit code other than 0. The program prints `message` in one line. */
export class Ended extends Error {
  override readonly name = "Ended"
  override readonly [Runtime.errorExitCode]: number
  // The program has reported it.
  override readonly [Runtime.errorReported] = false
  constructor(end: keyof typeof exitCodes, message: string) {
    super(message)
    this[Runtime.errorExitCode] = exitCodes[end]
  }
}

/** The message of whatever was thrown. */
export const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)

/** Ends the program before anything was sent. */
export const usage = (cause: unknown): Ended => new Ended("usage", messageOf(cause))
