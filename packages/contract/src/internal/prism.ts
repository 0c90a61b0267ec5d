/** The types of Prism that it does not export. */
import type { createInstance } from "@stoplight/prism-http"

export type Instance = ReturnType<typeof createInstance>
/** An operation. */
export type Resource = Parameters<Instance["request"]>[1][number]
export type Input = Parameters<Instance["request"]>[0]
export type Config = NonNullable<Parameters<Instance["request"]>[2]>
export type Components = Required<Parameters<typeof createInstance>[1]>
export type Result = Awaited<ReturnType<ReturnType<Instance["request"]>>>
export type Output = Extract<Result, { readonly _tag: "Right" }>["right"]
/** What is declared for one media type. */
export type MediaTypeContent = NonNullable<Resource["responses"][number]["contents"]>[number]

/** A violation as Prism reports it. */
export interface PrismViolation {
  /** The location, beginning with the part of the message, for example `["body", "messageBody", "name"]`. */
  readonly path: ReadonlyArray<string>
  /** The JSON Schema keyword, or `401` for a missing credential. */
  readonly code: string
  readonly message: string
}
