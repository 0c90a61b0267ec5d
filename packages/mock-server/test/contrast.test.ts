/** The colours of the inbox page: every text has the contrast that WCAG 2.2 AA requires, in the light and in the dark theme. */
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const folder = fileURLToPath(new URL("../inbox/", import.meta.url))
const sheets = globSync("*.css", { cwd: folder }).map((name) => readFileSync(folder + name, "utf8"))

type Theme = "light" | "dark"

/** The value of each token: `light-dark(#ffffff, #18181b)`. */
const tokens = new Map(
  sheets.flatMap((sheet) =>
    Array.from(sheet.matchAll(/(--[\w-]+):\s*(light-dark\([^)]+\));/g), ([, name, value]) => [
      String(name),
      String(value),
    ]),
  ),
)

/** The opaque colour that a value has in a theme. Undefined for `none`, `transparent`, `currentColor` and the like. */
const colourIn = (value: string, theme: Theme): string | undefined => {
  const [, token] = /^var\((--[\w-]+)\)$/.exec(value) ?? []
  const resolved = token === undefined ? value : (tokens.get(token) ?? "")
  const [, light, dark] = /^light-dark\((#\w+), (#\w+)\)$/.exec(resolved) ?? []
  const colour = (theme === "light" ? light : dark) ?? resolved
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour : undefined
}

/** The relative luminance of WCAG 2.2. */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** What the texts stand on: the page, a card, a hovered row and the selected one. */
const grounds = ["page", "surface", "raised", "sunken", "hover", "accent-soft", "grey-soft"]
const texts = ["text", "soft", "faint", "accent", "green", "blue", "amber", "red"]

/** A text of each kind on each ground, and the pairs that one rule of a style sheet sets. */
const pairs: ReadonlyArray<readonly [text: string, ground: string]> = [
  ...texts.flatMap((text) =>
    grounds.map((ground) => [`var(--${text})`, `var(--${ground})`] as const),
  ),
  ...sheets.flatMap((sheet) =>
    Array.from(sheet.matchAll(/\{([^{}]*)\}/g), ([, rule = ""]) => {
      const of = (property: string): string =>
        new RegExp(`(?:^|[;\\s])${property}:\\s*([^;]+);`).exec(rule)?.[1] ?? ""
      return [of("color"), of("background")] as const
    }).filter(([text, ground]) => text !== "" && ground !== ""),
  ),
]

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  it("every text has a contrast of 4.5 to its ground", () => {
    const seen = pairs.flatMap(([text, ground]) => {
      const colours = [colourIn(text, theme), colourIn(ground, theme)] as const
      return colours[0] === undefined || colours[1] === undefined
        ? []
        : [{ pair: `${text} on ${ground}`, ratio: contrast(colours[0], colours[1]) }]
    })
    // Fewer mean that the style sheets are written in another way, and that this test reads nothing.
    assert.isAbove(seen.length, texts.length * grounds.length + 8)
    assert.deepStrictEqual(
      seen.filter(({ ratio }) => ratio < 4.5),
      [],
    )
  })
})

it("no text is translucent, but that of a disabled button", () => {
  const translucent = sheets.flatMap((sheet) =>
    Array.from(sheet.matchAll(/([^{}]+)\{[^{}]*opacity: 0?\.[1-9]/g), ([, selector = ""]) =>
      selector.trim(),
    ),
  )
  assert.deepStrictEqual(
    // A percentage is a step of an animation.
    translucent.filter((selector) => !/:disabled|^\d+%$/.test(selector)),
    [],
  )
})

it("the formula is that of WCAG", () => {
  assert.closeTo(contrast("#000000", "#ffffff"), 21, 0.001)
  assert.closeTo(contrast("#777777", "#ffffff"), 4.48, 0.005)
})
