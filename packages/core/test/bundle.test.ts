/** A bundle contains only what is used. */
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const bundle = (program: string, external: Array<string> = []) =>
  build({
    stdin: {
      contents: program,
      loader: "ts",
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    minify: true,
    external,
    format: "esm",
    platform: "neutral",
    conditions: ["@effect-sent/source"],
    metafile: true,
    write: false,
    logLevel: "silent",
  })

/** The files of this package and of Effect's persistence that a program's bundle has code of. */
const contentsOf = async (program: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await bundle(program)
  return Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /(?:core\/|^)(src\/.*)|(persistence\/.*)/.exec(path)?.slice(1) ?? [])
    .filter((path) => path !== undefined)
}

const client = `console.log(SentClient.layerEnv)`
const isLimit = (path: string): boolean =>
  path.startsWith("persistence/") ||
  path === "src/RateLimit.ts" ||
  path === "src/CircuitBreak.ts" ||
  (path.startsWith("src/internal/send/limits/") && !path.endsWith("/limits.ts"))

describe("a bundle of SentClient", () => {
  it.each([
    `import * as SentClient from "@effect-sent/core/SentClient"; ${client}`,
    `import { SentClient } from "@effect-sent/core"; ${client}`,
  ])("has no rate limit and no circuit breaker that it does not use: %s", async (program) => {
    const contents = await contentsOf(program)
    assert.include(contents, "src/SentClient.ts")
    assert.deepStrictEqual(contents.filter(isLimit), [])
  })

  // What they have today, and little more: a bound that is reached is a reason to look for what can be left out.
  it.each([
    ["of this library", "layerEnv", ["effect/*"], 23],
    ["of this library", "layer()", ["effect/*"], 21.7],
    ["with Effect", "layerEnv", [], 73.2],
    // The environment and `fetch` are for who uses them.
    ["with Effect", "layer()", [], 66.4],
  ] as const)("has few kilobytes %s, for who uses %s", async (_, used, external, kilobytes) => {
    const { outputFiles } = await bundle(
      `import * as SentClient from "@effect-sent/core/SentClient"; console.log(SentClient.${used})`,
      [...external],
    )
    const size = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0)
    assert.isBelow(size / 1024, kilobytes)
  })

  it("has the words of the reasons for who shows them", async () => {
    const words = "src/internal/send/reasonWords.ts"
    assert.notInclude(
      await contentsOf(`import { SentClient } from "@effect-sent/core"; ${client}`),
      words,
    )
    const page = `import { SentError } from "@effect-sent/core"; console.log(SentError.reasonTable)`
    assert.include(await contentsOf(page), words)
  })

  it("has the rate limit that it uses, without Redis", async () => {
    const contents = await contentsOf(
      `import * as RateLimit from "@effect-sent/core/RateLimit"
       import * as SentClient from "@effect-sent/core/SentClient"
       console.log(SentClient.layerConfig({ rateLimit: RateLimit.make({ limit: 1, window: 1 }) }))`,
    )
    assert.deepStrictEqual(contents.filter(isLimit).toSorted(), [
      "src/RateLimit.ts",
      "src/internal/send/limits/turns.ts",
    ])
  })
})
