/** Every question to the database has an end, and one kind of error. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { isSqlError, type SqlError } from "effect/sql/SqlError"

/** Asks the database, for a limited time. */
export type Ask<Operation, E> = <A>(
  operation: Operation,
  question: Effect.Effect<A, SqlError>,
) => Effect.Effect<A, E>

/** Makes the error of a question: what was asked, and what is wrong in a few words, without keys and values. */
export type MakeError<Operation, E> = (operation: Operation, problem: string, cause?: SqlError) => E

/** Makes a function that asks for at most so long. */
export const makeAsk =
  <Operation, E>(
    timeout: Duration.Duration,
    makeError: MakeError<Operation, E>,
  ): Ask<Operation, E> =>
  (operation, question) =>
    Effect.gen(function* () {
      // Interrupting a query takes as long as a database that hangs: it is not waited for.
      const fiber = yield* Effect.forkDetach(Effect.retry(question, again), {
        startImmediately: true,
      })
      const abandon = Effect.sync(() => fiber.interruptUnsafe())
      return yield* Fiber.join(fiber).pipe(
        // A rollback on a connection that is lost is a defect of `withTransaction`.
        Effect.catchDefect((defect) =>
          isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect),
        ),
        Effect.mapError((error) => makeError(operation, problemOf(error), error)),
        Effect.timeoutOrElse({
          duration: timeout,
          orElse: () =>
            Effect.andThen(
              abandon,
              Effect.fail(makeError(operation, `no answer within ${Duration.format(timeout)}`)),
            ),
        }),
        Effect.onInterrupt(() => abandon),
      )
    })

/** All questions may be repeated. A connection that the server closed while it was idle is noticed by the next question. */
const again = {
  while: ({ isRetryable }: SqlError) => isRetryable,
  times: 2,
  schedule: Schedule.exponential("20 millis").pipe(Schedule.jittered),
}

/** A database's own words may contain values. */
const problemOf = ({ reason }: SqlError): string =>
  isDiskFull(reason.cause) ? "the disk of the database is full" : problems[reason._tag]

/** Whether an error is `SQLITE_FULL` of SQLite, or `disk_full` of Postgres. */
const isDiskFull = (cause: unknown): boolean =>
  (Predicate.hasProperty(cause, "errno") && cause.errno === 13) ||
  (Predicate.hasProperty(cause, "code") && cause.code === "53100")

const problems: { readonly [Tag in SqlError["reason"]["_tag"]]: string } = {
  AuthenticationError: "the database rejects the credentials",
  AuthorizationError: "the database user lacks a permission",
  ConnectionError: "the database cannot be reached",
  ConstraintError: "the database rejects a value",
  DeadlockError: "the database ended a deadlock",
  LockTimeoutError: "the database is locked",
  SerializationError: "the database could not order concurrent transactions",
  SqlSyntaxError: "the database does not understand a statement; are the tables there?",
  StatementTimeoutError: "the database ended a statement that took too long",
  UniqueViolation: "the database rejects a value",
  UnknownError: "the database failed",
}
