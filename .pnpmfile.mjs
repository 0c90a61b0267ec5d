/** What pnpm changes when it reads the manifest of a dependency, and when it packs a package of this repository. */

/** Reads the platform of the packages of Node.js, which name it as text: pnpm only respects a list. */
const readPackage = (manifest) =>
  /^node-(?:bin-)?(?:darwin|linux|win)-/.test(manifest.name)
    ? { ...manifest, os: [manifest.os].flat(), cpu: [manifest.cpu].flat() }
    : manifest

/** Leaves out what is of no use after installation: the condition that leads to the sources, and what builds and tests them. */
const beforePacking = (manifest) => {
  const packed = { ...manifest, exports: packedExports(manifest.exports) }
  delete packed.devDependencies
  delete packed.scripts
  return packed
}

const sourceCondition = "@effect-sent/source"

const packedExports = (target) =>
  typeof target === "object" && target !== null
    ? Object.fromEntries(
        Object.entries(target)
          .filter(([condition]) => condition !== sourceCondition)
          .map(([condition, inner]) => [condition, packedExports(inner)]),
      )
    : target

export const hooks = { readPackage, beforePacking }
