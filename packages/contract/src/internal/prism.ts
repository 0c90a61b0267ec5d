/** The types of Prism that it does not export. No declaration of a public module leads here: Prism is not installed with the package. */
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
