/** Standard output and standard error, whose readers may be slow or gone. */
import { messageOf } from "@effect-sent/contract/ContractError"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

const isReaderGone = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && (cause.code === "EPIPE" || cause.code === "ECONNRESET")

/** Without a listener, a reader that is gone (`… | head -1`) would end the process. {@link writeOut} reports other errors. */
export const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)
}

/**
 * Writes to standard output and waits until everything was written: the process ends right after the report, and a pipe takes
 * 64 KiB at a time.
 */
export const writeOut = (text: string): Effect.Effect<void, CliError.UserError> =>
  Effect.callback<void, CliError.UserError>((resume) => {
    process.stdout.write(text, (cause) => {
      const isWritten = cause === undefined || cause === null || isReaderGone(cause)
      resume(
        isWritten
          ? Effect.void
          : Effect.fail(
              new CliError.UserError({
                cause: new Error(`cannot write the report: ${messageOf(cause)}`),
              }),
            ),
      )
    })
  })

/** How much a log keeps for a reader that does not read. */
const maxPending = 1024 * 1024

/** Writes lines to standard error. Drops them, and says how many, while the reader does not read. */
export const makeLog = (): ((lines: string) => void) => {
  let dropped = 0
  return (lines) => {
    if (process.stderr.writableLength > maxPending) {
      dropped += 1
      return
    }
    const notice = dropped === 0 ? "" : `… ${dropped} deviations were not printed\n`
    dropped = 0
    process.stderr.write(`${notice}${lines}\n`)
  }
}
