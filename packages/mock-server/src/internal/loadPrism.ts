/** Loads Prism without what a mock has no use for, which would be a third of the time that loading takes, and 30 MB. */
import type * as PrismCore from "@stoplight/prism-core"
import type * as PrismHttp from "@stoplight/prism-http"
import { createRequire, Module } from "node:module"

const own = createRequire(import.meta.url)

/**
 * What Prism loads for dynamic answers, for callbacks, for forwarding and for Postman's collections. Each is loaded when
 * somebody reaches for it after all: Prism may be shared with other users of it in this process.
 */
const unused = [
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

/** A module that is loaded when something is read of what it exports. */
const later = (file: string, load: NodeJS.Require): Module => {
  const stub = new Module(file)
  stub.exports = lazily(() => load(file), ["faker"])
  stub.loaded = true
  return stub
}

/** Of the given members, Prism takes one aside while it is loaded; they are read later still. */
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
