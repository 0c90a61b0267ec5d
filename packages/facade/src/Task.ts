/** What crosses from one Effect to another: an effect as a function with callbacks, and how it ended. */

/** Begins the work, reports how it ended, and returns what ends it early. It may report before it returns. */
export type Task<A, E = never> = (done: (outcome: Outcome<A, E>) => void) => Cancel

/** Ends the work early, and reports that it has ended. */
export type Cancel = (done: () => void) => void

/** How the work ended. */
export type Outcome<A, E = never> =
  | { readonly _tag: "Success"; readonly value: A }
  | { readonly _tag: "Failure"; readonly error: E }
  | { readonly _tag: "Died"; readonly defect: unknown }
  | { readonly _tag: "Interrupted" }
