/**
 * Loads Prism from `node_modules` without the parts that a mock does not use. They would take a third of the loading time and
 * 30 MB of memory.
 *
 * The published package replaces this module: there, `scripts/bundlePrism.ts` bundles Prism into one file and leaves out the
 * same parts.
 */
import type * as Spec from "@stoplight/http-spec/oas3/operation"
import type * as Json from "@stoplight/json"
import type * as PrismCore from "@stoplight/prism-core"
import type * as PrismHttp from "@stoplight/prism-http"
import { createRequire, Module } from "node:module"

const own = createRequire(import.meta.url)

/** The modules that Prism loads for dynamic responses, callbacks, forwarding and Postman collections. */
export const unused: ReadonlyArray<string> = [
  "@faker-js/faker",
  "node-fetch",
  "http-proxy-agent",
  "https-proxy-agent",
  "@stoplight/http-spec/postman/operation",
]

interface Prism {
  readonly core: typeof PrismCore
  readonly http: typeof PrismHttp
  /** What Prism reads documents with. */
  readonly spec: typeof Spec
  readonly json: typeof Json
}

export const loadPrism = async (): Promise<Prism> => {
  const prismRequire = createRequire(own.resolve("@stoplight/prism-http"))
  const files = unused
    .map((name) => prismRequire.resolve(name))
    .filter((file) => !(file in own.cache))
  for (const file of files) own.cache[file] = later(file, prismRequire)
  try {
    const [core, http] = await Promise.all([
      import("@stoplight/prism-core"),
      import("@stoplight/prism-http"),
    ])
    const [spec, json] = await Promise.all([
      import("@stoplight/http-spec/oas3/operation"),
      import("@stoplight/json"),
    ])
    return { core, http, spec, json }
  } finally {
    for (const file of files) delete own.cache[file]
  }
}

/**
 * A module that loads the real one as soon as one of its exports is read. Other code in this process may use Prism and would
 * share the module.
 */
const later = (file: string, load: NodeJS.Require): Module => {
  const stub = new Module(file)
  stub.exports = lazily(() => load(file), ["faker"])
  stub.loaded = true
  return stub
}

/** Members named in `aside` are deferred once more, because Prism already reads them while it loads. */
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
