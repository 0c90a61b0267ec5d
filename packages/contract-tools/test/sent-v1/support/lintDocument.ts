/** Lint of a document in memory. */
import { Document } from "@effect-sent/contract"
import { Effect } from "effect"
import { openDocument, type RuleSet } from "../../../src/internal/document/redocly.ts"
import type { JsonObject } from "../../../src/internal/document/json.ts"
import { contractPath } from "./contract.ts"

export interface Problem {
  readonly pointer: string
  readonly message: string
}

/** What rules find in a document that stands where the contract does. */
export const lintDocument = async (
  document: JsonObject,
  rules: RuleSet,
): Promise<ReadonlyArray<Problem & { readonly rule: string }>> =>
  (
    await openDocument(
      await Effect.runPromise(
        Document.open(contractPath, { read: () => Effect.succeed(JSON.stringify(document)) }),
      ),
    )
  ).lint(rules)
