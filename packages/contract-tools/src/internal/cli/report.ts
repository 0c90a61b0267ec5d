/** The flags that every command has for its report, and the report itself. */
import { messageOf } from "@effect-sent/contract/ContractError"
import * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { appendFile, open } from "node:fs/promises"
import * as ContractReport from "../../ContractReport.ts"
import { ChecksFailed, interruptedCode } from "./exit.ts"
import { writeOut } from "./output.ts"

export const reportFlags = {
  reporter: Flag.Literals("reporter", ContractReport.reporters).pipe(
    Flag.withAlias("r"),
    Flag.withDescription(
      "The format of the report: pretty for people, junit or json for programs, github for annotations, markdown for " +
        "the summary of a job",
    ),
    Flag.withDefault("pretty"),
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription("Write the report to this file instead of standard output"),
    Flag.optional,
  ),
  junit: Flag.String("junit").pipe(
    Flag.withDescription("Write the report to this file as JUnit XML, too"),
    Flag.optional,
  ),
}

export const failOnFlag: Flag.Flag<FailOn> = Flag.Literals("fail-on", [
  "error",
  "warning",
  "none",
]).pipe(
  Flag.withDescription("The least severe finding for which the command exits with 1"),
  Flag.withDefault("error"),
)

interface ReportFlags {
  readonly reporter: ContractReport.Reporter
  readonly output: Option.Option<string>
  readonly junit: Option.Option<string>
}

/** The findings that make a command fail: errors, errors and warnings, or none. */
export type FailOn = "error" | "warning" | "none"

const failing: Readonly<Record<FailOn, ReadonlyArray<ContractReport.Finding["severity"]>>> = {
  error: ["error"],
  warning: ["error", "warning"],
  none: [],
}

/** Prints the report or writes it to the file of `--output`, and fails if a check did. */
export type Print = (
  report: ContractReport.Report,
  failOn: FailOn,
) => Effect.Effect<void, ChecksFailed | CliError.UserError>

const cannotWrite = (path: string) => (cause: unknown) =>
  new CliError.UserError({ cause: new Error(`cannot write ${path}: ${messageOf(cause)}`) })

/** In a GitHub job, a file whose Markdown is shown on the job's page. */
const summaryFile = Config.String("GITHUB_STEP_SUMMARY").pipe(Config.option)

type Write = (text: string) => Effect.Effect<void, CliError.UserError>

/** Opens a file until the scope closes. Undefined without a path. */
const openFile = Effect.fnUntraced(function* (
  given: Option.Option<string>,
): Effect.fn.Return<Write | undefined, CliError.UserError, Scope.Scope> {
  if (Option.isNone(given)) return undefined
  const path = given.value
  const file = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => open(path, "w"), catch: cannotWrite(path) }),
    (opened) => Effect.promise(() => opened.close()),
  )
  return (text) => Effect.tryPromise({ try: () => file.writeFile(text), catch: cannotWrite(path) })
})

/** Opens the files of the report before the work, so that no findings are lost to a folder that does not exist. */
export const openReport = Effect.fnUntraced(function* ({
  junit,
  output,
  reporter,
}: ReportFlags): Effect.fn.Return<Print, CliError.UserError | Config.ConfigError, Scope.Scope> {
  const summary = Option.filter(yield* summaryFile, (path) => path !== "")
  const write = (yield* openFile(output)) ?? writeOut
  const writeJunit = yield* openFile(junit)
  return Effect.fnUntraced(function* (report, failOn) {
    yield* write(`${ContractReport.format(report, reporter)}\n`)
    if (writeJunit !== undefined) {
      yield* writeJunit(`${ContractReport.format(report, "junit")}\n`)
    }
    if (Option.isSome(summary)) {
      const markdown = ContractReport.format(report, "markdown")
      yield* Effect.tryPromise({
        try: () => appendFile(summary.value, `${markdown}\n\n`),
        catch: cannotWrite(summary.value),
      })
    }
    const hasFailed = report.checks.some(({ findings }) =>
      findings.some(({ severity }) => failing[failOn].includes(severity)),
    )
    if (hasFailed) yield* new ChecksFailed()
  })
})

/** Prints what is known. The exit code says that the command was interrupted. A second Ctrl-C does not wait for the reader. */
export const printInterrupted = (
  print: Print,
  report: ContractReport.Report,
): Effect.Effect<void> =>
  Effect.andThen(
    Effect.sync(() => process.once("SIGINT", () => process.exit(interruptedCode))),
    Effect.ignore(print(report, "none")),
  )
