import { useEffect, useState } from "preact/hooks"
import type { State, Store } from "./store.ts"

/** The state of the store. The component renders again after each change. */
export const useStore = (store: Store): State => {
  const [state, setState] = useState(store.get)
  useEffect(() => {
    // The state may have changed between the first rendering and this effect.
    setState(store.get())
    return store.subscribe(() => setState(store.get()))
  }, [store])
  return state
}
