/** What this package says of itself. */
import { createRequire } from "node:module"

interface PackageJson {
  readonly version: string
  readonly engines: { readonly node: string }
}

// This package's own file, from src/internal and from dist/internal alike.
const packageJson: PackageJson = createRequire(import.meta.url)("../../package.json")

export const { engines, version }: PackageJson = packageJson
