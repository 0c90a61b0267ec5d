/** OpenAPI documents as Redocly reads them, with everything in other files that they refer to. */
import type {
  BaseResolver,
  LocationObject,
  Plugin,
  RawUniversalConfig,
} from "@redocly/openapi-core"
import { isObject, type JsonObject } from "./json.ts"

/** A document that was read, but not yet what it refers to. */
export interface OpenApiDocument {
  /** The document itself, whatever it is. */
  readonly parsed: unknown
  readonly lint: (rules: RuleSet) => Promise<ReadonlyArray<Problem>>
  /** The files that {@link lint} has opened besides this one. */
  readonly otherFiles: () => ReadonlyArray<string>
  /** The document as one file. Changes `parsed`. */
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

/** Reads a document. Rejects when the text is neither YAML nor JSON. References are relative to `file`. */
export const openDocument = async (text: string, file: string): Promise<OpenApiDocument> => {
  // Loaded on demand: it takes a third of a second.
  const { bundle, createConfig, getLineColLocation, lintDocument, makeDocumentFromString } =
    await import("@redocly/openapi-core")
  const document = makeDocumentFromString(text, file)
  const externalRefResolver = await makeResolver()
  // Other files may refer back to this one, and must find the same objects.
  externalRefResolver.cache.set(file, Promise.resolve(document))

  const root: LocationObject = { source: document.source, pointer: "#/" }
  const place = (location: LocationObject): Place => {
    // Of a member the key, as it is what people look for.
    const { line, col } = getLineColLocation({ ...location, reportOnKey: true }).start
    return { line, column: col }
  }

  return {
    parsed: document.parsed,
    lint: async ({ config, plugins = [] }) => {
      const problems = await lintDocument({
        document,
        config: await createConfig(config, { plugins: [...plugins] }),
        externalRefResolver,
      })
      return problems.map(({ location: [location = root], message, ruleId, severity }): Problem => {
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
    otherFiles: () => [...externalRefResolver.getFiles()].filter((other) => other !== file),
    bundle: async () => {
      const config = await createConfig({})
      const bundled = await bundle({ doc: document, config, externalRefResolver })
      return isObject(bundled.bundle.parsed) ? bundled.bundle.parsed : {}
    },
    placeOf: (pointer) => place({ source: document.source, pointer }),
  }
}

/** Opens files only: reading a contract never opens a connection. */
const makeResolver = async (): Promise<BaseResolver> => {
  const { BaseResolver } = await import("@redocly/openapi-core")
  class FileResolver extends BaseResolver {
    override loadExternalRef(reference: string) {
      return /^https?:/.test(reference)
        ? Promise.reject(new Error("references to other hosts are not followed"))
        : super.loadExternalRef(reference)
    }
  }
  return new FileResolver()
}

/** What is wrong with a choice of rules. Redocly would skip a rule whose name it does not know. */
export const problemsOfRules = async ({ config }: RuleSet): Promise<ReadonlyArray<string>> => {
  const { createConfig, lintConfig } = await import("@redocly/openapi-core")
  const problems = await lintConfig({ config: await createConfig(config), severity: "error" })
  return problems.map(({ message }) => message)
}
