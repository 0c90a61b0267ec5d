/** How many of the times, which ascend, fall into one window of that length, at most. The window excludes its end. */
export const mostWithin = (times: ReadonlyArray<number>, window: number): number => {
  let most = 0
  let first = 0
  times.forEach((time, index) => {
    while (time - (times[first] ?? time) >= window) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}
