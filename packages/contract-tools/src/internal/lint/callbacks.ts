/** The rule for callbacks. */
import type { Oas3Rule } from "@redocly/openapi-core"

/** Prism takes the first key of a callback's path item for the method. */
export const crowdedCallbacks: Oas3Rule = () => ({
  Callback: {
    PathItem: (item, context) => {
      if (Object.keys(item).join() !== "post") {
        context.report({ message: "must have one member, `post`", location: context.rawLocation })
      }
    },
  },
})
