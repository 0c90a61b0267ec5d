/** `effect-sent-contract lint` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ContractLint from "../../ContractLint.ts"
import { networkFlag } from "./contract.ts"
import { withMessages } from "./exit.ts"
import { failOnFlag, openReport, printInterrupted, reportFlags } from "./report.ts"

export const lint = Command.make(
  "lint",
  {
    contract: Argument.String("contract").pipe(
      Argument.withDescription("An OpenAPI 3 document. Default: the bundled contract"),
      Argument.optional,
    ),
    config: Flag.String("config").pipe(
      Flag.withDescription(
        "A configuration of Redocly. Default: redocly.yaml in the current folder and, without one, Redocly's recommended " +
          "rules. It can set the rules of effect-sent, too, as effect-sent/<name>",
      ),
      Flag.optional,
    ),
    rules: Flag.Literals("rules", ["recommended", "strict", "none"]).pipe(
      Flag.withDescription(
        "The rules of effect-sent: those that find mistakes in any document, all, or none. Default: recommended, and " +
          "strict for the bundled contract",
      ),
      Flag.optional,
    ),
    skipRules: Flag.String("skip-rule").pipe(
      Flag.withDescription("A rule to skip, by its name. Can be repeated"),
      Flag.between(0, 100),
    ),
    allowNetwork: networkFlag,
    failOn: failOnFlag,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ allowNetwork, config, contract, failOn, rules, skipRules, ...flags }) {
      const print = yield* openReport(flags)
      const report = yield* ContractLint.lint(Option.getOrUndefined(contract), {
        config: Option.getOrUndefined(config),
        rules: Option.getOrUndefined(rules),
        skipRules,
        allowNetwork,
        onInterrupt: (known) => printInterrupted(print, known),
      })
      yield* print(report, failOn)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Check a contract on its own: Redocly's rules, and rules for patterns, formats, examples and scenarios",
  ),
)
