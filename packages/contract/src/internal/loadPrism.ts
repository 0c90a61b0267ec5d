/**
 * Loads Prism without the parts that a mock does not use. They would take a third of the loading time, and 30 MB.
 *
 * This is how the sources load it. A published package contains Prism as one file, made by `scripts/bundlePrism.ts` from the
 * same list.
 */
import type * as PrismCore from "@stoplight/prism-core"
import type * as PrismHttp from "@stoplight/prism-http"
import { createRequire, Module } from "node:module"

const own = createRequire(import.meta.url)

/** What Prism loads for dynamic responses, for callbacks, for forwarding and for Postman's collections. */
export const unused: ReadonlyArray<string> = [
  "@faker-js/faker",
  "node-fetch",
  "http-proxy-agent",
  "https-proxy-agent",
  "@stoplight/http-spec/postman/operation",
]

type Prism = readonly [core: typeof PrismCore, http: typeof PrismHttp]

export const loadPrism = async (): Promise<Prism> => {
  const prismRequire = createRequire(own.resolve("@stoplight/prism-http"))
  const files = unused
    .map((name) => prismRequire.resolve(name))
    .filter((file) => !(file in own.cache))
  for (const file of files) own.cache[file] = later(file, prismRequire)
  try {
    return await Promise.all([import("@stoplight/prism-core"), import("@stoplight/prism-http")])
  } finally {
    for (const file of files) delete own.cache[file]
  }
}

/**
 * A module that is loaded when something reads what it exports: this process may have other users of Prism, and they share
 * the module.
 */
const later = (file: string, load: NodeJS.Require): Module => {
  const stub = new Module(file)
  stub.exports = lazily(() => load(file), ["faker"])
  stub.loaded = true
  return stub
}

/** Prism takes the named members aside while it is loaded. They are read later still. */
const lazily = (load: () => object, aside: ReadonlyArray<string> = []): object =>
  new Proxy(
    {},
    {
      get: (_, name): unknown =>
        typeof name === "string" && aside.includes(name)
          ? lazily(() => Reflect.get(load(), name))
          : Reflect.get(load(), name),
    },
  )
