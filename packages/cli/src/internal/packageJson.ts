/** The package.json of this package. */
import { createRequire } from "node:module"

interface PackageJson {
  readonly version: string
  readonly engines: { readonly node: string }
}

// The same path from src/internal and from dist/internal.
const packageJson: PackageJson = createRequire(import.meta.url)("../../package.json")

export const { engines, version }: PackageJson = packageJson
