/** OpenAPI documents as Redocly reads them, with everything in other files that they refer to. */
import type {
  BaseResolver,
  Config,
  LocationObject,
  Plugin,
  RawUniversalConfig,
} from "@redocly/openapi-core"
import type * as Document from "@effect-sent/contract/Document"
import { messageOf } from "@effect-sent/contract/ContractError"
import * as Effect from "effect/Effect"
import { decoded, isObject, type JsonObject } from "./json.ts"

/** A document as Redocly reads it. */
export interface OpenApiDocument {
  readonly lint: (rules: RuleSet | Config) => Promise<ReadonlyArray<Problem>>
  /** The document as one file. */
  readonly bundle: () => Promise<JsonObject>
  /** The place of a pointer in the file, or the nearest place above it. */
  readonly placeOf: (pointer: string) => Place
}

/** Rules to run, with those that Redocly does not have in a plugin. */
export interface RuleSet {
  readonly config: RawUniversalConfig
  readonly plugins?: ReadonlyArray<Plugin>
}

/** What a rule found. */
export interface Problem extends Place {
  readonly rule: string
  readonly severity: "error" | "warning"
  readonly message: string
  /** Into the file, which the document may only refer to. */
  readonly pointer: string
  /** As an absolute path. */
  readonly file: string
}

/** A place in a file. Both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Reads a document that was opened, and its other files from the same place. */
export const openDocument = async (opened: Document.Document): Promise<OpenApiDocument> => {
  const file = opened.path
  const text = opened.files.get(file)?.text ?? ""
  // Loaded on demand: it takes a third of a second.
  const { bundle, createConfig, getLineColLocation, lintDocument, makeDocumentFromString } =
    await import("@redocly/openapi-core")
  const document = makeDocumentFromString(text, file)
  const externalRefResolver = await makeResolver(opened)
  // Other files may refer back to this one, and must find the same objects.
  externalRefResolver.cache.set(file, Promise.resolve(document))

  const root: LocationObject = { source: document.source, pointer: "#/" }
  const place = (location: LocationObject): Place => {
    // Of a member the key, as it is what people look for.
    const { line, col } = getLineColLocation({ ...location, reportOnKey: true }).start
    return { line, column: col }
  }

  return {
    lint: async (rules) => {
      const problems = await lintDocument({
        document,
        config: "config" in rules ? await configOf(rules) : rules,
        externalRefResolver,
      })
      // The ignore file of a configuration.
      const found = problems.filter(({ ignored }) => ignored !== true)
      return found.map(({ location: [location = root], message, ruleId, severity }): Problem => {
        const { column, line } = place(location)
        return {
          rule: ruleId,
          severity: severity === "error" ? "error" : "warning",
          message,
          pointer: location.pointer ?? "#/",
          file: location.source.absoluteRef,
          line,
          column,
        }
      })
    },
    bundle: async () => {
      const config = await createConfig({})
      const bundled = await bundle({ doc: document, config, externalRefResolver })
      return isObject(bundled.bundle.parsed) ? bundled.bundle.parsed : {}
    },
    placeOf: (pointer) => place({ source: document.source, pointer }),
  }
}

/** Reads only what was opened, in the same way: over the network only if it is allowed, and no file that no other tool would take. */
const makeResolver = async ({ files, read }: Document.Document): Promise<BaseResolver> => {
  const { BaseResolver, Source } = await import("@redocly/openapi-core")
  class OpenedResolver extends BaseResolver {
    /** Redocly takes the `%20` of a reference literally. */
    override resolveExternalRef(base: string | null, reference: string): string {
      const isRemote = [base ?? "", reference].some((location) => /^https?:/i.test(location))
      return super.resolveExternalRef(base, isRemote ? reference : decoded(reference))
    }
    override async loadExternalRef(reference: string) {
      const known = files.get(URL.parse(reference)?.href ?? reference)?.text
      if (known !== undefined) return new Source(reference, known)
      // Only Redocly follows references in examples.
      const text = await Effect.runPromise(Effect.result(read(reference)))
      if (text._tag === "Failure") throw new Error(messageOf(text.failure))
      return new Source(reference, text.success)
    }
  }
  return new OpenedResolver()
}

export const configOf = async ({ config, plugins = [] }: RuleSet): Promise<Config> => {
  const { createConfig } = await import("@redocly/openapi-core")
  return createConfig(config, { plugins: [...plugins] })
}

/** What is wrong with a choice of rules. Redocly would skip a rule whose name it does not know. */
export const problemsOfRules = async ({ config }: RuleSet): Promise<ReadonlyArray<string>> => {
  const { createConfig, lintConfig } = await import("@redocly/openapi-core")
  const problems = await lintConfig({ config: await createConfig(config), severity: "error" })
  return problems.map(({ message }) => message)
}
