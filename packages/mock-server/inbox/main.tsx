import { render } from "preact"
import { App } from "./App.tsx"
import { makeStore } from "./store.ts"
import { applyTheme } from "./theme.ts"

applyTheme()
const root = document.querySelector("#inbox")
if (root === null) throw new Error("The page has no element #inbox.")
const store = makeStore()
store.start()
render(<App store={store} />, root)
