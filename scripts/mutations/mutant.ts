/** A change of one file that a test must catch. */

/** A mutation: a change of one file. */
export interface Mutant {
  /** The name for `--only`. */
  readonly name: string
  /** A description of the wrong behaviour. */
  readonly what: string
  /** The file, relative to the root of the repository. */
  readonly file: string
  /** The text to replace. It must occur exactly once in the file. */
  readonly from: string
  readonly to: string
  readonly tests: Tests
}

/** The test files that must fail with the mutation. */
export interface Tests {
  readonly project: "contract-tools" | "core" | "durable" | "scripts"
  /** The files, relative to the root of the repository. */
  readonly files: ReadonlyArray<string>
}

/** Returns why a mutation cannot be applied to the text of its file. Undefined when it can. */
export const problemOf = ({ file, from, name, to }: Mutant, text: string): string | undefined => {
  const count = text.split(from).length - 1
  if (from === to) return `${name} changes nothing`
  return count === 1
    ? undefined
    : `${name} is stale: its text occurs ${count} times in ${file} instead of once`
}

/** Applies a mutation to a text. */
export const mutate = ({ from, to }: Mutant, text: string): string => text.replace(from, () => to)

/** What is changed, from which text to which, and the tests that must catch it. */
export type Change = readonly [what: string, from: string, to: string, tests: Tests]

/** The mutants of one file, by their names. */
export const mutantsOf = (
  file: string,
  changes: Readonly<Record<string, Change>>,
): ReadonlyArray<Mutant> =>
  Object.entries(changes).map(([name, [what, from, to, tests]]) => ({
    name,
    what,
    file,
    from,
    to,
    tests,
  }))
