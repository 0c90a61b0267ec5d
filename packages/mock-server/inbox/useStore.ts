import { useEffect, useState } from "preact/hooks"
import type { State, Store } from "./store.ts"

/** The state of the store, drawn anew after each change. */
export const useStore = (store: Store): State => {
  const [state, setState] = useState(store.get)
  useEffect(() => {
    // Something may have changed between the first drawing and now.
    setState(store.get())
    return store.subscribe(() => setState(store.get()))
  }, [store])
  return state
}
