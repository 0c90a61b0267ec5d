/** `effect-sent-contract proxy` */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ContractProxy from "../../ContractProxy.ts"
import { toLines } from "../report/pretty.ts"
import { contractFlag, networkFlag, targetFlag } from "./contract.ts"
import { untilInterrupted, withMessages } from "./exit.ts"
import { makeLog } from "./output.ts"
import { failOnFlag, openReport, reportFlags } from "./report.ts"

export const proxy = Command.make(
  "proxy",
  {
    target: targetFlag.pipe(
      Flag.withDescription("The base URL of the service: https, or http on this machine"),
    ),
    contract: contractFlag,
    allowNetwork: networkFlag,
    port: Flag.Int("port").pipe(
      Flag.withAlias("p"),
      Flag.withDescription("The port to listen on; 0 picks a free one"),
      Flag.withDefault(4020),
    ),
    host: Flag.String("host").pipe(
      Flag.withDescription(
        "The address to listen on. Anyone who reaches the proxy can read the application's credentials",
      ),
      Flag.withDefault("127.0.0.1"),
    ),
    timeout: Flag.Int("timeout").pipe(
      Flag.withDescription(
        "How many seconds the service may be silent before the application gets a 504",
      ),
      Flag.withDefault(120),
    ),
    failOn: failOnFlag,
    ...reportFlags,
  },
  Effect.fnUntraced(
    function* ({ contract, failOn, junit, output, reporter, timeout, ...options }) {
      const print = yield* openReport({ junit, output, reporter })
      const log = makeLog()
      const service = yield* ContractProxy.make({
        ...options,
        contract: Option.getOrUndefined(contract),
        timeout: Duration.seconds(timeout),
        onDeviation: (deviation) => log(toLines(deviation)),
      })
      yield* Console.error(
        `Proxying ${service.baseUrl} to ${options.target}\n` +
          `  SENT_BASE_URL=${service.baseUrl}\n` +
          "Press Ctrl-C to stop and print the report.",
      )
      yield* untilInterrupted(Effect.flatMap(service.report, (report) => print(report, failOn)))
    },
    Effect.scoped,
    withMessages,
  ),
).pipe(
  Command.withDescription(
    "Forward requests between an application and a service unchanged, and report every deviation from the contract " +
      "as it happens",
  ),
)
