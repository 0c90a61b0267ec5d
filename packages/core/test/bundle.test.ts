/** A bundle contains only what is used. */
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

/** The files of this package and of Effect's persistence that a program's bundle has code of. */
const contentsOf = async (program: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: {
      contents: program,
      loader: "ts",
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["@effect-sent/source"],
    metafile: true,
    write: false,
    logLevel: "silent",
  })
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
