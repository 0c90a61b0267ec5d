/** `effect-sent-contract lint` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ContractLint from "../../ContractLint.ts"
import { withMessages } from "./exit.ts"
import { failOnFlag, openReport, reportFlags } from "./report.ts"

export const lint = Command.make(
  "lint",
  {
    contract: Argument.String("contract").pipe(
      Argument.withDescription("An OpenAPI 3 document. Default: the bundled contract"),
      Argument.optional,
    ),
    failOn: failOnFlag,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ contract, failOn, ...flags }) {
      const print = yield* openReport(flags)
      yield* print(yield* ContractLint.lint(Option.getOrUndefined(contract)), failOn)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Check a contract on its own: Redocly's rules, and rules for patterns, formats, examples and scenarios",
  ),
)
