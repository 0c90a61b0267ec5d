import { useEffect, useState } from "preact/hooks"
import { mockTime, type ClockReading } from "./clock.ts"

/** The mock's time, updated every second while the page is visible. */
export const useNow = (clock: ClockReading): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const tick = (): void => {
      if (!document.hidden) setNow(Date.now())
    }
    const timer = setInterval(tick, 1000)
    document.addEventListener("visibilitychange", tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener("visibilitychange", tick)
    }
  }, [])
  return mockTime(clock, now)
}
