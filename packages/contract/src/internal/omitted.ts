/** Operations that cannot be used, in words. */
import type { OmittedOperation } from "../Operation.ts"

/** How many different reasons are said. */
const maxReasons = 5

/** Each reason once, and how many operations it is about. */
export const reasonsOf = (omitted: ReadonlyArray<OmittedOperation>): string => {
  const groups = [...Map.groupBy(omitted, ({ reason }) => reason)]
  const words = groups
    .slice(0, maxReasons)
    .map(([reason, all]) =>
      all.length === 1 ? reason : `${reason} (${name(all[0])} and ${all.length - 1} more)`,
    )
  const more = groups.length - words.length
  return [...words, ...(more === 0 ? [] : [`and ${more} more`])].join("; ")
}

const name = (one: OmittedOperation | undefined): string =>
  one === undefined ? "" : `${one.method} ${one.path}`
