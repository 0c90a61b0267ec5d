/** The flags for the contract and for the server, which several commands have. */
import * as Flag from "effect/cli/Flag"
import type * as Option from "effect/Option"

export const contractFlag: Flag.Flag<Option.Option<string>> = Flag.String("contract").pipe(
  Flag.withDescription("An OpenAPI 3 document, a YAML or JSON file. Default: the bundled contract"),
  Flag.optional,
)

export const targetFlag: Flag.Flag<string> = Flag.String("target").pipe(
  Flag.withAlias("t"),
  Flag.withDescription("The base URL of the server, for example http://127.0.0.1:4010"),
)

export const networkFlag: Flag.Flag<boolean> = Flag.Boolean("allow-network").pipe(
  Flag.withDescription(
    "Read a document, and what it refers to, from other hosts: an http or https URL. Without it, no connection is opened for a document",
  ),
  Flag.withDefault(false),
)
