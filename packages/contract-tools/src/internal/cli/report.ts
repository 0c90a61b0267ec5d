/** The flags that every command has for its report, and the report itself. */
import { messageOf } from "@effect-sent/contract/ContractError"
import * as CliError from "effect/cli/CliError"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { writeFile } from "node:fs/promises"
import * as ContractReport from "../../ContractReport.ts"
import { ChecksFailed } from "./exit.ts"

export const reportFlags = {
  reporter: Flag.Literals("reporter", ["pretty", "junit", "json", "github"]).pipe(
    Flag.withAlias("r"),
    Flag.withDescription(
      "The format of the report: pretty for people, junit or json for programs, github for annotations",
    ),
    Flag.withDefault("pretty"),
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription("Write the report to this file instead of standard output"),
    Flag.optional,
  ),
}

interface ReportFlags {
  readonly reporter: ContractReport.Reporter
  readonly output: Option.Option<string>
}

/** The findings that make a command fail: errors, errors and warnings, or none. */
export type FailOn = "breaking" | "addition" | "none"

const failing: Readonly<Record<FailOn, ReadonlyArray<ContractReport.Finding["severity"]>>> = {
  breaking: ["error"],
  addition: ["error", "warning"],
  none: [],
}

/** Prints the report or writes it to a file, and fails if a check did. */
export const print = Effect.fnUntraced(function* (
  report: ContractReport.Report,
  { output, reporter }: ReportFlags,
  failOn: FailOn = "breaking",
): Effect.fn.Return<void, ChecksFailed | CliError.UserError> {
  const text = ContractReport.format(report, reporter)
  yield* Option.match(output, {
    onNone: () => Console.log(text),
    onSome: (path) =>
      Effect.tryPromise({
        try: () => writeFile(path, `${text}\n`),
        catch: (cause) =>
          new CliError.UserError({ cause: new Error(`cannot write ${path}: ${messageOf(cause)}`) }),
      }),
  })
  const hasFailed = report.checks.some(({ findings }) =>
    findings.some(({ severity }) => failing[failOn].includes(severity)),
  )
  if (hasFailed) yield* new ChecksFailed()
})
