/** `effect-sent-contract coverage` */
import * as MockServer from "@effect-sent/mock-server/MockServer"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ContractVerify from "../../ContractVerify.ts"
import { targetFlag } from "./contract.ts"
import { withMessages } from "./exit.ts"
import { failOnFlag, openReport, printInterrupted, reportFlags } from "./report.ts"
import { failIfUntested, verifyFlags, verifyTarget } from "./verify.ts"

export const coverage = Command.make(
  "coverage",
  {
    target: targetFlag.pipe(
      Flag.withDescription("The base URL of the server. Default: a mock, started for this command"),
      Flag.optional,
    ),
    ...verifyFlags,
    failOn: failOnFlag,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ failOn, target, ...flags }) {
      const print = yield* openReport(flags)
      const given = Option.getOrUndefined(target)
      const contract = Option.getOrUndefined(flags.contract)
      const url = given ?? (yield* MockServer.make({ port: 0, contract })).baseUrl
      const secret =
        given === undefined ? Redacted.make(MockServer.defaultWebhookSecret) : undefined
      const report = ({ coverage: items }: ContractVerify.Verification) =>
        ContractVerify.coverageReport(given ?? "the mock", items)
      const verification = yield* verifyTarget(url, flags, {
        secret,
        onInterrupt: (known) => printInterrupted(print, report(known)),
      })
      yield* print(report(verification), failOn)
      yield* failIfUntested(verification)
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Show which parts of the contract verify does not exercise: operations, security schemes, media types, bounds, statuses, " +
      "headers, examples, updates and the answers to them",
  ),
)
