/** A diagram, drawn in the colours of the page. Until its script is there, its source is shown. */
import type { Mermaid } from "mermaid"
// As it is published: bundling it again takes most of the time of a build.
import script from "mermaid/dist/mermaid.min.js?url"
import { useData } from "vitepress"
import { defineComponent, h, onMounted, ref, useId, watch } from "vue"

/** The colours of a theme, all of which have enough contrast. */
const colours = (page: string, box: string, group: string, line: string, text: string) => ({
  background: page,
  edgeLabelBackground: page,
  primaryColor: box,
  primaryTextColor: text,
  primaryBorderColor: line,
  secondaryColor: box,
  tertiaryColor: group,
  clusterBkg: group,
  lineColor: line,
  textColor: text,
})

const light = colours("#ffffff", "#eeeef6", "#f8f8fb", "#5c5c66", "#1f1f26")
const dark = { darkMode: true, ...colours("#1b1b1f", "#33333d", "#24242a", "#a3a3ab", "#f0f0f3") }

declare global {
  interface Window {
    readonly mermaid: Mermaid
  }
}

let loading: Promise<Mermaid> | undefined

/** Loads the script once, for the first diagram. */
const load = (): Promise<Mermaid> =>
  (loading ??= new Promise((resolve, reject) => {
    const element = document.createElement("script")
    element.src = script
    element.addEventListener("load", () => resolve(window.mermaid))
    element.addEventListener("error", reject)
    document.head.append(element)
  }))

export const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup: ({ code }) => {
    const source = decodeURIComponent(code)
    const id = `diagram-${useId().replaceAll(/\W/g, "")}`
    const drawn = ref("")
    const { isDark } = useData()
    const draw = async (): Promise<void> => {
      const mermaid = await load()
      mermaid.initialize({
        startOnLoad: false,
        theme: "base",
        themeVariables: isDark.value ? dark : light,
        fontFamily: "system-ui, sans-serif",
      })
      const { svg } = await mermaid.render(id, source)
      drawn.value = svg
    }
    onMounted(draw)
    watch(isDark, draw)
    return () =>
      drawn.value === ""
        ? h("pre", { class: "diagram", tabindex: 0 }, source)
        : // A wide diagram scrolls, by the keyboard, too.
          h("div", {
            class: "diagram",
            role: "img",
            "aria-label": "Diagram",
            tabindex: 0,
            innerHTML: drawn.value,
          })
  },
})
