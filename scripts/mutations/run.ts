/**
 * `pnpm mutations`: applies mutations to the contract and to core, one at a time, and checks that a test fails with each. It works
 * on copies of the working tree and does not change the tree itself.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { MultiBar } from "cli-progress"
import { Console, Effect, FileSystem, Option, Queue, type Scope, Stream } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { ChildProcess } from "effect/process"
import { existsSync } from "node:fs"
import { cp, readFile, symlink, writeFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { styleText } from "node:util"
import { type Mutant, mutate, problemOf, type Tests } from "./mutant.ts"
import { mutants } from "./mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const failure = (message: string): CliError.UserError =>
  new CliError.UserError({ cause: new Error(message) })

const attempt = <A>(promise: () => Promise<A>): Effect.Effect<A, CliError.UserError> =>
  Effect.tryPromise({
    try: promise,
    catch: (cause) => failure(cause instanceof Error ? cause.message : String(cause)),
  })

// -----------------------------------------------------------------------------
// Copies of the working tree
// -----------------------------------------------------------------------------

const outputOf = Effect.fnUntraced(function* (command: ChildProcess.Command) {
  const child = yield* command
  const text = yield* Stream.mkString(Stream.decodeText(child.stdout))
  const exitCode = yield* child.exitCode
  return exitCode === 0 ? text : yield* Effect.fail(failure(`git exited with ${exitCode}`))
}, Effect.scoped)

/** Every file in the working tree that git tracks or does not ignore. */
const listFiles = outputOf(
  ChildProcess.make("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: root }),
).pipe(
  Effect.map((list) =>
    [...new Set(list.split("\0"))].filter((file) => file !== "" && existsSync(join(root, file))),
  ),
)

/** Copies symbolic links unchanged. The workspace's links are relative, so the copies point into the copied tree. */
const copyModules = (copy: string, folder: string): Promise<void> =>
  cp(join(root, folder, "node_modules"), join(copy, folder, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
    // Skips the package store, which is linked instead, and caches.
    filter: (path) => !/[/\\]node_modules[/\\]\.(?!bin)[^/\\]*$/.test(path),
  })

/** Makes a copy of the working tree, and removes it when the scope closes. */
const makeCopy = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const copy = yield* Effect.flatMap(
    fs.makeTempDirectoryScoped({ prefix: "effect-sent-mutations-" }),
    (folder) => fs.realPath(folder),
  )
  const packages = files
    .filter((file) => basename(file) === "package.json")
    .map((file) => dirname(file))
    // A package without dependencies has none.
    .filter((folder) => existsSync(join(root, folder, "node_modules")))
  yield* Effect.gen(function* () {
    yield* Effect.forEach(files, (file) => attempt(() => cp(join(root, file), join(copy, file))), {
      concurrency: 16,
      discard: true,
    })
    yield* Effect.forEach(packages, (folder) => attempt(() => copyModules(copy, folder)), {
      discard: true,
    })
    const store = "node_modules/.pnpm"
    yield* attempt(() => symlink(join(root, store), join(copy, store), "junction"))
    // Uninterruptible, so that no file is added while the copy is being removed.
  }).pipe(Effect.uninterruptible)
  // Otherwise the mutation would change the copy, and the tests would read the original.
  const contract = yield* fs.realPath(
    join(copy, "packages/contract/node_modules/@effect-sent/contracts/package.json"),
  )
  if (!contract.startsWith(copy)) {
    return yield* Effect.fail(failure(`the copy links to ${contract}, outside of the copy`))
  }
  return copy
})

// -----------------------------------------------------------------------------
// Tests
// -----------------------------------------------------------------------------

/** The part of vitest's JSON report that this script reads. */
interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly status: string
      readonly ancestorTitles: ReadonlyArray<string>
      readonly title: string
    }>
  }>
}

/** Runs tests in a copy and returns the first one that fails. Undefined when all pass. */
const firstFailure = Effect.fnUntraced(function* (copy: string, tests: ReadonlyArray<Tests>) {
  const output = join(copy, "mutations.report.json")
  const child = yield* ChildProcess.make(
    process.execPath,
    [
      join(copy, "node_modules/vitest/vitest.mjs"),
      "run",
      ...new Set(tests.flatMap(({ project }) => ["--project", project])),
      ...new Set(tests.flatMap(({ files }) => files)),
      // Threads start faster than processes.
      "--pool=threads",
      "--bail=1",
      "--reporter=json",
      `--outputFile=${output}`,
    ],
    { cwd: copy, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  )
  const complaints = yield* Stream.mkString(Stream.decodeText(child.stderr))
  const exitCode = yield* child.exitCode
  if (exitCode === 0) return undefined
  const { testResults } = yield* attempt(
    async () =>
      // The JSON report of vitest.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      JSON.parse(await readFile(output, "utf8")) as Report,
  ).pipe(Effect.mapError(() => failure(`vitest did not run:\n${complaints}`)))
  const failed = testResults.find(({ status }) => status === "failed")
  // A run that fails for another reason has not detected the mutation.
  if (failed === undefined) return yield* Effect.fail(failure(`no test failed:\n${complaints}`))
  const test = failed.assertionResults.find(({ status }) => status === "failed")
  const words =
    test === undefined
      ? (failed.message.split("\n")[0] ?? "")
      : [...test.ancestorTitles, test.title].join(" › ")
  return `${basename(failed.name)} › ${words.replaceAll(join(copy, "/"), "")}`
}, Effect.scoped)

/** Applies a mutation to a copy, runs its tests, and restores the copy. Returns the test that failed. */
const noticedBy = (copy: string, mutant: Mutant) => {
  const file = join(copy, mutant.file)
  return Effect.acquireUseRelease(
    attempt(async () => {
      const text = await readFile(file, "utf8")
      await writeFile(file, mutate(mutant, text))
      return text
    }),
    () => firstFailure(copy, [mutant.tests]),
    (text) => Effect.promise(() => writeFile(file, text)),
  )
}

// -----------------------------------------------------------------------------
// The run
// -----------------------------------------------------------------------------

type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

const lineOf = ({ name, what }: Mutant, test: string | undefined): string => {
  const verdict = test === undefined ? paint("red", "survived") : paint("green", "caught  ")
  return `${verdict}  ${name.padEnd(20)}  ${what}${test === undefined ? "" : paint("dim", `: ${test}`)}`
}

/** Shows a progress bar on a terminal. Piped output only contains the lines. */
const makeProgress = (total: number): Effect.Effect<Progress, never, Scope.Scope> =>
  process.stdout.isTTY && process.stderr.isTTY
    ? Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const bars = new MultiBar({
              stream: process.stderr,
              clearOnComplete: true,
              format: "{bar} {value} of {total}, {eta_formatted} left",
            })
            return { bars, bar: bars.create(total, 0) }
          }),
          ({ bars }) => Effect.sync(() => bars.stop()),
        ),
        ({ bar, bars }) => ({
          print: (line) =>
            Effect.sync(() => {
              bars.log(`${line}\n`)
              bar.increment()
            }),
        }),
      )
    : Effect.succeed({ print: Console.log })

interface Progress {
  /** Prints the result of a mutation. */
  readonly print: (line: string) => Effect.Effect<void>
}

/** Fails when a mutation is stale. */
const checkMutants = (chosen: ReadonlyArray<Mutant>) =>
  Effect.forEach(
    chosen,
    (mutant) =>
      Effect.flatMap(
        attempt(() => readFile(join(root, mutant.file), "utf8")),
        (text) => {
          const problem = problemOf(mutant, text)
          return problem === undefined ? Effect.void : Effect.fail(failure(problem))
        },
      ),
    { discard: true },
  )

const run = Effect.fnUntraced(function* (chosen: ReadonlyArray<Mutant>) {
  yield* checkMutants(chosen)
  const files = yield* listFiles
  const jobs = Math.min(availableParallelism(), chosen.length)
  const copies = yield* Effect.forEach(Array.from({ length: jobs }), () => makeCopy(files))

  // The tests must pass without a mutation, or a failure would mean nothing.
  const [first = ""] = copies
  const red = yield* firstFailure(
    first,
    chosen.map(({ tests }) => tests),
  )
  if (red !== undefined) {
    return yield* Effect.fail(failure(`a test fails without any mutation: ${red}`))
  }

  const progress = yield* makeProgress(chosen.length)
  const queue = yield* Queue.unbounded<Mutant>()
  yield* Queue.offerAll(queue, chosen)
  const survivors: Array<string> = []
  const work = Effect.fnUntraced(function* (copy: string) {
    for (;;) {
      const mutant = yield* Queue.poll(queue)
      if (Option.isNone(mutant)) return
      const test = yield* noticedBy(copy, mutant.value)
      if (test === undefined) survivors.push(mutant.value.name)
      yield* progress.print(lineOf(mutant.value, test))
    }
  })
  yield* Effect.forEach(copies, work, { concurrency: "unbounded", discard: true })
  return survivors
}, Effect.scoped)

const flags = {
  only: Flag.String("only").pipe(
    Flag.withDescription("Apply only the mutation with this name; may be repeated"),
    Flag.between(0, mutants.length),
  ),
  list: Flag.Boolean("list").pipe(
    Flag.withDescription("List the mutations without applying them"),
    Flag.withDefault(false),
  ),
}

const command = Command.make(
  "mutations",
  flags,
  Effect.fnUntraced(function* ({ list, only }) {
    const unknown = only.find((name) => mutants.every((mutant) => mutant.name !== name))
    if (unknown !== undefined) {
      return yield* Effect.fail(
        failure(`unknown mutation ${unknown}; run with --list to see their names`),
      )
    }
    const chosen = only.length === 0 ? mutants : mutants.filter(({ name }) => only.includes(name))
    if (list) {
      return yield* Console.log(
        chosen.map(({ file, name, what }) => `${name.padEnd(20)}  ${what} (${file})`).join("\n"),
      )
    }
    const survivors = yield* run(chosen)
    yield* Console.log(`${chosen.length - survivors.length} of ${chosen.length} caught`)
    return yield* survivors.length === 0
      ? Effect.void
      : Effect.fail(failure(`no test failed with ${survivors.join(", ")}`))
  }),
).pipe(
  Command.withDescription(
    "Applies mutations to the contract and to core, and checks that tests fail.",
  ),
)

Command.run(command, { version: "0.1.0" }).pipe(
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain,
)
