/** `effect-sent-contract diff` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ContractDiff from "../../ContractDiff.ts"
import { isAtLeast } from "../diff/version.ts"
import { networkFlag } from "./contract.ts"
import { withMessages } from "./exit.ts"
import { type FailOn, openReport, printInterrupted, reportFlags } from "./report.ts"

export const diff = Command.make(
  "diff",
  {
    old: Argument.String("old").pipe(
      Argument.withDescription(
        "The old OpenAPI 3 document: a file, or a git ref such as main to read the new file as of that ref",
      ),
    ),
    new: Argument.String("new").pipe(
      Argument.withDescription("The new OpenAPI 3 document. Default: the bundled contract"),
      Argument.optional,
    ),
    failOn: Flag.Literals("fail-on", ["breaking", "addition", "error", "warning", "none"]).pipe(
      Flag.withDescription(
        "The changes that require a version bump: without it, the command exits with 1. error is breaking, and warning " +
          "is addition, as in the other commands",
      ),
      Flag.withDefault("breaking"),
    ),
    allowNetwork: networkFlag,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ allowNetwork, failOn, new: revision, old, ...flags }) {
      const print = yield* openReport(flags)
      const { actualBump, report, requiredBump } = yield* ContractDiff.diff({
        old,
        new: Option.getOrUndefined(revision),
        allowNetwork,
        onInterrupt: (known) => printInterrupted(print, known),
      })
      // With the required version, breaking changes are warnings, and no reason to fail.
      const isBumped = isAtLeast(actualBump, requiredBump)
      const severity = severities[failOn]
      yield* print(report, severity === "warning" && isBumped ? "error" : severity)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Show what changed between two versions of a contract and what it breaks: callers, receivers of updates, tests " +
      "against the mock. A breaking change requires a major version, an addition a minor one",
  ),
)

const severities: Readonly<Record<FailOn | "breaking" | "addition", FailOn>> = {
  breaking: "error",
  addition: "warning",
  error: "error",
  warning: "warning",
  none: "none",
}
