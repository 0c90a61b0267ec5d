/** The lines of the caller in a stack, so that a test runner shows the line of the test and not one of the mock. */

/** The folder of this package's code, `src` or `dist`. */
const own = new URL("../../", import.meta.url)

/**
 * Takes the stack at the call of an assertion. Returns a function that gives an error this stack without the frames of the mock:
 * when the error arises, the caller is no longer on the stack.
 */
export const rememberCaller = (): (<E extends Error>(error: E) => E) => {
  const { stack = "" } = new Error("of the caller")
  const frames = stack
    .split("\n")
    .filter(
      (line) => /^\s+at /.test(line) && !line.includes(own.href) && !line.includes(own.pathname),
    )
  return (error) => {
    if (frames.length > 0) {
      error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n")
    }
    return error
  }
}
