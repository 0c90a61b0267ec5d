/**
 * `tsx scripts/layerDiagram.ts`: draws the layers of `examples/application.ts` in `docs/composition.md`: each constant of the file, and
 * which others its definition names. A test checks that the diagram is up to date.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseSync } from "oxc-parser"
import { type GeneratedBlock, write } from "./generatedTable.ts"

const file = "examples/application.ts"

const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8")

/** Every identifier below a node. */
const namesIn = (node: unknown): ReadonlyArray<string> => {
  if (typeof node !== "object" || node === null) return []
  const own =
    "type" in node && node.type === "Identifier" && "name" in node ? [String(node.name)] : []
  return [...own, ...Object.values(node).flatMap(namesIn)]
}

const layers = parseSync(file, text).program.body.flatMap((statement) => {
  const declaration =
    statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
  if (declaration?.type !== "VariableDeclaration") return []
  return declaration.declarations.flatMap(({ id, init }) =>
    id.type === "Identifier" && init !== null
      ? [{ name: id.name, made: text.slice(init.start, init.end), names: namesIn(init) }]
      : [],
  )
})

/** What a layer is made by: the first name of its definition, e.g. `SentClient.layerConfig`; empty if it only combines others. */
const maker = (made: string): string => {
  const [name = ""] = /^[A-Z]\w*\.\w+/.exec(made) ?? []
  return name === "Layer.unwrap"
    ? (/\b(?!Config|Effect|Layer)[A-Z]\w+\.layer\w*/.exec(made)?.[0] ?? "")
    : name
}

const label = ({ made, name }: (typeof layers)[number]): string => {
  const by = layers.some((other) => made.startsWith(`${other.name}.`)) ? "" : maker(made)
  return by === "" ? `<b>${name}</b>` : `<b>${name}</b><br/>${by}`
}

export const diagram: GeneratedBlock = {
  page: "docs/composition.md",
  script: "scripts/layerDiagram.ts",
  language: "mermaid",
  code: [
    "flowchart TD",
    ...layers.toReversed().map((layer) => `  ${layer.name}["${label(layer)}"]`),
    ...layers
      .toReversed()
      .flatMap(({ name, names }) =>
        layers
          .filter((other) => other.name !== name && names.includes(other.name))
          .map((other) => `  ${name} --> ${other.name}`),
      ),
  ].join("\n"),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(diagram)
