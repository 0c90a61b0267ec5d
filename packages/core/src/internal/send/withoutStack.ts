/** Makes the errors of a send. */

/**
 * Makes an error without its stack, which costs more than all else of a rejection. Where an error of a send was made is of no
 * use: after the response, what called the send is not on the stack any more.
 */
export const withoutStack = <A>(make: () => A): A => withStack(0, make)

/** Makes errors that have so many lines of their stack. */
export const withStack = <A>(lines: number, make: () => A): A => {
  // V8's. Elsewhere, it is a property that nobody reads.
  const limit: unknown = Reflect.get(Error, "stackTraceLimit")
  Reflect.set(Error, "stackTraceLimit", lines)
  try {
    return make()
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit)
  }
}
