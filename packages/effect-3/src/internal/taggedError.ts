/** Classes of tagged errors. */
import type { YieldableError } from "effect/Cause"
import * as Data from "effect/Data"

// A class without fields is of the empty object.
// oxlint-disable typescript/no-generated-empty-object-type
/** The class of a tagged error: that of `Data.TaggedError`, whose own declaration is not the same in all of the range of `effect`. */
export type TaggedErrorClass<Tag extends string> = new <A extends object = Record<never, never>>(
  args: keyof A extends never ? void : { readonly [P in keyof A]: A[P] },
) => YieldableError & { readonly _tag: Tag } & Readonly<A>

// oxlint-enable typescript/no-generated-empty-object-type

/** Makes the base class of a tagged error. */
export const taggedError = <Tag extends string>(tag: Tag): TaggedErrorClass<Tag> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  Data.TaggedError(tag) as unknown as TaggedErrorClass<Tag>
